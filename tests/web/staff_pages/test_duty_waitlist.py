"""The duty officer's page of the waitlist: counts, masked phones, taking somebody off once, and who may."""

import re

from sqlalchemy import select

from booking.models import WaitlistEntry
from booking.waitlist import JoinWaitlist, join
from booking.waitlist_offers import tend
from halls.models import Hall
from kernel.actor import ANONYMOUS
from kernel.audit import AuditEntry
from tests import build
from tests.web.hall_faces import token

FIRST, SECOND = "+8613800138001", "+8613800138002"


def make_wait(faces, phone, *, time="09:00"):
    """Somebody waits for a number of line A, today."""
    today = build.TODAY
    command = JoinWaitlist(faces.hall.code, (faces.renewal.code,), today, today, phone)
    with faces.parts.database.transaction() as session:
        return join(session, command, actor=ANONYMOUS, now=build.at(time))


def number_comes(faces):
    """A number of 11:00 is free at 09:10."""
    with faces.parts.database.transaction() as session:
        build.make_slot(session, faces.a, build.at("11:00"), numbers=1)
        tend(session, now=build.at("09:10"))


def page_of(faces):
    return f"/duty/{faces.hall.code}/waitlist"


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def send(client, faces, entry, **form):
    page = page_of(faces)
    return client.post(f"{page}/{entry.id}", data={"csrf_token": token(client.get(page).text), **form})


def test_nobody_waiting_is_said(faces):
    duty = faces.officer(roles=("duty_officer",))
    for page in ("/duty/waitlists", page_of(faces)):
        assert "没有人候补，今天也没有留过号" in duty.get(page).text
    assert "候补 0 人" in duty.get("/duty/").text


def test_shows_how_many_wait_since_when_and_a_running_offer_with_its_end(faces):
    make_wait(faces, FIRST, time="09:00")
    make_wait(faces, SECOND, time="09:05")
    duty = faces.officer(roles=("duty_officer",))
    assert "候补 2 人" in duty.get("/duty/").text
    number_comes(faces)
    faces.at("09:15")
    html = duty.get(page_of(faces)).text
    shown = words(html)
    assert re.search(r"A \S+ 1 3月2日 周一 09:05 1 1 0 0 0 ", shown), shown
    assert re.search(r"正在留号 138\*\*\*\*8001 .*留到 09:30 .* 1 138\*\*\*\*8002", shown), shown
    with faces.parts.database.transaction() as session:
        entries = session.scalars(select(WaitlistEntry)).all()
    for secret in ("13800138001", "13800138002", *(entry.reference for entry in entries)):
        assert secret not in html
    assert re.search(r"A \S+ 1 3月2日 周一 09:05 1 1 0 0 0 ", words(duty.get("/duty/waitlists").text))


def test_takes_somebody_off_once_with_a_reason_in_the_audit(faces):
    entry = make_wait(faces, FIRST)
    duty = faces.officer(roles=("manager",))
    refused = send(duty, faces, entry, reason="")
    assert refused.status_code == 422
    assert "请选择移出的理由" in refused.text
    for _ in range(2):
        assert send(duty, faces, entry, reason="asked", press="p1").status_code == 303
    assert "已移出候补" in duty.get(page_of(faces)).text
    again = send(duty, faces, entry, reason="asked", press="p2")
    assert again.status_code == 409
    assert "已经结束" in again.text
    assert faces.read(WaitlistEntry, entry.id).state == "left"
    with faces.parts.database.transaction() as session:
        row = session.scalars(select(AuditEntry).where(AuditEntry.action == "waitlist.take_off")).one()
    assert (row.actor_id, row.details) == (faces.officers[0].id, {"reason": "asked"})
    assert "这条候补已退出" in duty.get(f"/w/{entry.reference}").text


def test_only_who_is_responsible_for_the_hall_sees_and_changes_it(faces):
    entry = make_wait(faces, FIRST)
    with faces.parts.database.transaction() as session:
        build.make_hall(session, "elsewhere")
    for roles in (("officer",), ("admin",), ("back_office",)):
        client = faces.officer(roles=roles)
        assert client.get(page_of(faces)).status_code == 403, roles
        assert client.get("/duty/waitlists").status_code == 403, roles
    duty = faces.officer(roles=("duty_officer",))
    assert duty.get("/duty/elsewhere/waitlist").status_code == 403
    assert duty.get("/duty/nowhere/waitlist").status_code == 404
    assert duty.get(f"{page_of(faces)}?line=Q").status_code == 404
    with faces.parts.database.transaction() as session:
        elsewhere = session.scalars(select(Hall).where(Hall.code == "elsewhere")).one()
        session.get_one(WaitlistEntry, entry.id).hall_id = elsewhere.id
    assert send(duty, faces, entry, reason="asked").status_code == 404


def test_a_long_list_shows_the_first_fifty_and_leads_to_the_rest_of_its_line(faces):
    for n in range(52):
        make_wait(faces, f"+86139{n:08d}")
    duty = faces.officer(roles=("duty_officer",))
    shown = duty.get(page_of(faces)).text
    assert "共 52 位，列出前 50 位" in words(shown)
    assert shown.count("移出候补</button>") == 50
    whole = duty.get(f"{page_of(faces)}?line={faces.a.code}").text
    assert whole.count("移出候补</button>") == 52
    assert "列出前" not in whole


def test_is_reached_from_the_entry_page_of_administration(faces):
    assert 'href="/duty/waitlists"' in faces.officer(roles=("manager",)).get("/admin/").text
    assert 'href="/duty/waitlists"' not in faces.officer(roles=("admin",)).get("/admin/").text


def test_an_offer_in_a_village_says_where_it_is(faces):
    make_wait(faces, FIRST)
    with faces.parts.database.transaction() as session:
        build.make_slot(session, faces.a, build.at("11:00"), numbers=1, place="东岭村村委会")
        tend(session, now=build.at("09:10"))
    faces.at("09:15")
    duty = faces.officer(roles=("duty_officer",))
    assert re.search(r"11:00 *东岭村村委会 *留到", words(duty.get(page_of(faces)).text))
