"""The duty pages: who may open what, what they do, and that each deed is in the audit."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from booking import appeals, document_appeals, special_requests
from booking.models import Appeal, Appointment, Number, SpecialRequest
from kernel.actor import ANONYMOUS
from kernel.audit import AuditEntry
from kernel.crypto import cipher
from people.citizens import identity_index, name_of, number_of
from people.identity import mask_name
from people.models import Citizen
from people.sample_ids import sample_resident_id
from tests import build
from tests.web.hall_faces import token

TEN = build.at("10:00")
PERSON = {"name": "王小明", "kind": "resident_id", "number": sample_resident_id(3)}


@pytest.fixture
def reserve(faces):
    """At ten: an online number, a walk-in number and a duty number of line A."""
    with faces.parts.database.transaction() as session:
        slot = build.make_slot(session, faces.a, TEN)
        rows = session.scalars(select(Number).where(Number.slot_id == slot.id).order_by(Number.ordinal))
        for number, channel in zip(rows, ("online", "walk_in", "duty"), strict=True):
            number.channel = channel
            number.released_at = number.released_at if channel == "online" else None


@pytest.fixture
def duty(faces):
    return faces.officer(roles=("duty_officer",))


def make_request(faces, kind="green", n=1):
    command = special_requests.AskSpecially(
        hall_code=faces.hall.code,
        service_codes=(faces.renewal.code,),
        kind=kind,
        wanted_on=build.TODAY,
        reason="母亲 82 岁，坐轮椅。",
        name="张三丰",
        identity_kind="resident_id",
        identity_number=sample_resident_id(n),
        phone="+8613800138000",
    )
    with faces.parts.database.transaction() as session:
        return special_requests.ask(session, command, actor=ANONYMOUS, now=build.at("09:00")).reference


def make_appeal(faces):
    row = faces.appointment("08:00", state="no_show")
    with faces.parts.database.transaction() as session:
        missed = session.get_one(Appointment, row.id)
        return appeals.appeal(
            session, missed, reason="当天在医院急诊。", actor=ANONYMOUS, now=build.at("09:00")
        ).reference


def send(client, page, path, **form):
    return client.post(path, data={"csrf_token": token(client.get(page).text), **form})


def one(faces, kind):
    with faces.parts.database.transaction() as session:
        return session.scalars(select(kind)).one()


def audited(faces, action):
    with faces.parts.database.transaction() as session:
        return session.scalars(select(AuditEntry).where(AuditEntry.action == action)).one()


def test_the_duty_officer_sees_what_waits_and_what_waits_too_long(faces, duty, reserve):
    make_request(faces, "urgent")
    make_appeal(faces)
    assert re.search(r"特殊申请 1 件.*爽约申诉 1 件", duty.get("/duty/").text, re.DOTALL)
    assert "超时" not in duty.get(f"/duty/{faces.hall.code}/requests").text
    faces.at("11:30")
    assert "等得太久" in duty.get("/duty/").text
    assert "tag--bad" in duty.get(f"/duty/{faces.hall.code}/requests").text


def test_approves_a_request_from_the_reserve(faces, duty, reserve):
    address = f"/duty/{faces.hall.code}/requests/{make_request(faces)}"
    page = duty.get(address).text
    assert "机动号 1 个，现场号 1 个" in page
    assert "轮椅" in page
    assert sample_resident_id(1) not in page
    answer = send(duty, address, address, do="approve", starts_at=TEN.isoformat(), answer="")
    assert answer.status_code == 303
    made = one(faces, Appointment)
    assert (made.starts_at, made.made_by) == (TEN, "staff")
    assert audited(faces, "special_request.approve").actor_id == faces.officers[0].id
    assert "已同意" in duty.get(f"/duty/{faces.hall.code}/requests").text
    assert send(duty, "/duty/", address, do="approve", starts_at=TEN.isoformat()).status_code in (
        200,
        400,
        409,
    )


def test_the_name_is_shown_until_the_request_is_decided_and_who_looked_is_recorded(faces, duty, reserve):
    address = f"/duty/{faces.hall.code}/requests/{make_request(faces)}"
    for _ in range(2):
        assert "张三丰" in duty.get(address).text
    look = audited(faces, "person.view")
    assert (look.actor_id, look.subject_kind, look.details) == (
        faces.officers[0].id,
        "special_request",
        {"what": ["name"]},
    )
    send(duty, address, address, do="refuse", answer="请走普通预约，明天有号。")
    page = duty.get(address).text
    assert "张三丰" not in page
    assert "张**" in page
    assert audited(faces, "person.view")  # no other


def slot_of(faces, on, *, channel="online", counters=1.0):
    with faces.parts.database.transaction() as session:
        slot = build.make_slot(session, faces.a, build.at("10:00", on), numbers=1)
        slot.counters = counters
        session.scalars(select(Number).where(Number.slot_id == slot.id)).one().channel = channel


def test_says_what_to_do_where_the_wished_day_has_no_number(faces, duty, reserve):
    """Used up, closed, not published: three reasons, and the days that have numbers."""
    tuesday, wednesday, thursday, friday = (build.TODAY + timedelta(days=n) for n in (1, 2, 3, 4))
    slot_of(faces, tuesday)
    slot_of(faces, wednesday, counters=0.0)
    slot_of(faces, thursday, channel="walk_in")
    address = f"/duty/{faces.hall.code}/requests/{make_request(faces)}"
    pages = {day: duty.get(f"{address}?day={day}").text for day in (tuesday, wednesday, friday)}
    assert "这天没有机动号和现场号了" in pages[tuesday]
    assert "这天大厅不办这项业务" in pages[wednesday]
    assert "这天的号还没有放出来，现在放到 3月5日" in pages[friday]
    for page in pages.values():
        assert f"?day={build.TODAY}" in page
        assert f"?day={thursday}" in page
        assert f"?day={tuesday}" not in page
    chosen = duty.get(f"{address}?day={thursday}").text
    assert "机动号 0 个，现场号 1 个" in chosen
    given = build.at("10:00", thursday).isoformat()
    assert send(duty, address, address, do="approve", starts_at=given, answer="").status_code == 303


def test_says_so_where_no_day_has_a_number_any_more(faces, duty, reserve):
    address = f"/duty/{faces.hall.code}/requests/{make_request(faces)}"
    with faces.parts.database.transaction() as session:
        for number in session.scalars(select(Number)):
            number.channel = "online"
    assert "别的日子也没有了" in duty.get(address).text
    faces.at("16:00")
    assert "这项业务还没有放出任何号" in duty.get(address).text


def test_refuses_a_request_with_an_answer_and_keeps_what_was_typed(faces, duty, reserve):
    address = f"/duty/{faces.hall.code}/requests/{make_request(faces)}"
    assert send(duty, address, address, do="refuse", answer="").status_code == 422
    assert send(duty, address, address, do="approve").status_code == 422
    assert send(duty, address, address, do="refuse", answer="请走普通预约，明天有号。").status_code == 303
    assert one(faces, SpecialRequest).state == "refused"
    assert audited(faces, "special_request.refuse").hall_id == faces.hall.id


def test_decides_an_appeal(faces, duty):
    page = f"/duty/{faces.hall.code}/appeals"
    address = f"{page}/{make_appeal(faces)}"
    assert "急诊" in duty.get(page).text
    assert send(duty, page, address, do="accept", answer="").status_code == 422
    assert send(duty, page, address, do="accept", answer="已核实。").status_code == 303
    assert one(faces, Appeal).state == "accepted"
    assert one(faces, Appointment).excused_at is not None
    assert audited(faces, "appeal.decide").to_state == "accepted"


def booking_form(faces, **values):
    facts = {"service": faces.renewal.code, "day": build.TODAY.isoformat(), "starts_at": TEN.isoformat()}
    return facts | PERSON | {"reason": "no_phone", "channel": "any"} | values


def test_an_officer_books_for_somebody_without_a_phone(faces, reserve):
    officer, page = faces.officer(), f"/duty/{faces.hall.code}/book"
    shown = officer.get(f"{page}?service={faces.renewal.code}&day={build.TODAY}").text
    assert "网上 1 · 现场 1 · 机动 1" in shown
    assert "机动号（须选破例理由）" not in shown
    answer = send(officer, page, page, **booking_form(faces), press="p1")
    assert answer.status_code == 303
    made = one(faces, Appointment)
    told = officer.get(answer.location).text
    assert made.code in told
    assert "3月2日 周一" in told
    assert f'href="/b/{made.reference}/slip"' in told
    assert (made.made_by, made.phone_sealed) == ("staff", None)
    assert audited(faces, "appointment.make_by_staff").details["reason"] == "no_phone"
    assert send(officer, page, page, **booking_form(faces), press="p1").status_code == 303
    assert one(faces, Appointment).id == made.id


def test_an_officer_gets_no_duty_number_and_the_duty_officer_does(faces, duty, reserve):
    officer, page = faces.officer(), f"/duty/{faces.hall.code}/book"
    wanted = booking_form(faces, channel="duty", exception="urgent")
    assert send(officer, page, page, **wanted).status_code == 403
    assert send(duty, page, page, **wanted | {"exception": ""}).status_code == 422
    assert send(duty, page, page, **wanted).status_code == 303
    assert audited(faces, "appointment.make_by_staff").details["exception"] == "urgent"


def test_what_was_typed_wrong_is_said_and_nothing_is_booked(faces, reserve):
    officer, page = faces.officer(), f"/duty/{faces.hall.code}/book"
    for wrong in ({"number": "1"}, {"name": ""}, {"starts_at": ""}, {"reason": "why"}, {"phone": "12"}):
        answer = send(officer, page, page, **booking_form(faces, **wrong))
        assert answer.status_code in (404, 422), wrong
        assert "error-summary" in answer.text
    with faces.parts.database.transaction() as session:
        assert session.query(Appointment).count() == 0


def test_a_refused_booking_keeps_the_chosen_time_while_it_has_a_number(faces, reserve):
    officer, page = faces.officer(), f"/duty/{faces.hall.code}/book"
    chosen = re.compile(rf'value="{re.escape(TEN.isoformat())}"([^>]*)>')

    def refused():
        answer = send(officer, page, page, **booking_form(faces, number="1"))
        assert answer.status_code in (409, 422)
        return chosen.search(answer.text).group(1)

    assert "checked" in refused()
    with faces.parts.database.transaction() as session:
        session.execute(delete(Number))
    gone = refused()
    assert ("checked" in gone, "disabled" in gone) == (False, True)  # the page asks for another


def test_corrects_a_slip_and_audits_what_kind_of_thing_it_was(faces):
    officer, booked = faces.officer(), faces.appointment("10:00")
    find = f"/duty/{faces.hall.code}/correct"
    assert officer.get(f"{find}?day={build.TODAY}&code=999999").status_code == 404
    address = officer.get(f"{find}?day={build.TODAY}&code={booked.code}").location
    answer = send(officer, address, address, **PERSON, phone="13900139000", reason="typing_slip")
    assert answer.status_code == 303
    row = faces.read(Appointment, booked.id)
    citizen = faces.read(Citizen, row.citizen_id)
    assert (name_of(citizen), number_of(citizen)) == ("王小明", PERSON["number"])
    assert row.phone_index == citizen.phone_index != booked.phone_index
    entry = audited(faces, "appointment.correct")
    assert entry.details == {"reason": "typing_slip", "fields": ["name", "phone", "document"]}
    assert "王" not in str(entry.details)


def test_the_name_to_correct_is_that_of_the_booking(faces):
    sealed = cipher().encrypt("欧阳小明", "appointment.name")
    officer, booked = faces.officer(), faces.appointment("10:00", name_sealed=sealed)
    page = officer.get(f"/duty/{faces.hall.code}/correct/{booked.reference}").text
    assert mask_name("欧阳小明") in page
    assert mask_name(name_of(faces.read(Citizen, booked.citizen_id))) not in page


def test_a_correction_needs_a_reason_and_something_to_correct(faces):
    officer, booked = faces.officer(), faces.appointment("10:00")
    address = f"/duty/{faces.hall.code}/correct/{booked.reference}"
    assert send(officer, address, address, reason="typing_slip").status_code == 422
    assert send(officer, address, address, name="王五", reason="").status_code == 422
    assert (
        send(officer, address, address, service=faces.passport.code, reason="wrong_service").status_code
        == 422
    )


def test_what_has_ended_is_not_corrected(faces):
    officer, booked = faces.officer(), faces.appointment("10:00", state="fulfilled")
    address = f"/duty/{faces.hall.code}/correct/{booked.reference}"
    assert send(officer, address, address, name="王五", reason="typing_slip").status_code == 409


def missed_three(faces):
    """A person with a card who is suspended."""
    with faces.parts.database.transaction() as session:
        card = PERSON["kind"], PERSON["number"]
        person = build.make_citizen(session, identity_index=identity_index(*card), identity_kind=card[0])
        for days in (3, 2, 1):
            slot = build.make_slot(session, faces.a, TEN - timedelta(days=days))
            build.make_appointment(session, slot, person, state="no_show")


def test_a_suspension_is_lifted_at_the_counter_without_an_address_that_names_anybody(faces, duty):
    missed_three(faces)
    address = f"/duty/{faces.hall.code}/lift"
    assert f'href="{address}"' in duty.get("/duty/").text
    facts = {"kind": PERSON["kind"], "number": PERSON["number"]}
    without = send(duty, address, address, **facts)
    assert (without.status_code, "请选择恢复的理由" in without.text) == (422, True)
    done = send(duty, address, address, **facts, reason="our_fault", press="p1")
    assert (done.status_code, done.location) == (303, address)
    assert "本大厅的 3 次爽约不再计算" in duty.get(address).text
    assert send(duty, address, address, **facts, reason="our_fault", press="p1").status_code == 303
    again = send(duty, address, address, **facts, reason="our_fault", press="p2")
    assert (again.status_code, "没有因爽约暂停" in again.text) == (409, True)
    assert audited(faces, "suspension.lift").details == {"reason": "our_fault", "missed": 3}


def make_document_appeal(faces, phone="+8613700137000"):
    with faces.parts.database.transaction() as session:
        command = document_appeals.AppealForDocument(
            faces.hall.code, PERSON["kind"], PERSON["number"], phone, "身份证丢了，别人拿去预约。"
        )
        return document_appeals.ask(session, command, actor=ANONYMOUS, now=build.at("09:00")).reference


def test_a_duty_officer_sees_what_is_on_record_of_a_document_and_decides(faces, duty):
    missed_three(faces)
    reference = make_document_appeal(faces)
    assert "爽约申诉 1 件" in duty.get("/duty/").text
    page = f"/duty/{faces.hall.code}/appeals"
    seen = duty.get(page).text
    assert "身份证丢了，别人拿去预约。" in seen
    assert "暂停到" in seen
    assert PERSON["number"] not in seen
    assert "13700137000" not in seen
    address = f"/duty/{faces.hall.code}/document-appeals/{reference}"
    assert send(duty, page, address, do="accept", answer=" ").status_code == 422
    done = send(duty, page, address, do="accept", answer="已核实，可以重新预约。")
    assert (done.status_code, done.location) == (303, page)
    assert "已处理，短信告诉申诉人" in duty.get(page).text
    assert audited(faces, "document_appeal.decide").details == {"missed": 3}
    assert send(duty, page, address, do="refuse", answer="不行。").status_code == 409


REFUSED = [
    ("officer", "document-appeals/x", "POST"),
    ("officer", "lift", "GET"),
    ("officer", "lift", "POST"),
    ("desk", "lift", "POST"),
    ("officer", "requests", "GET"),
    ("officer", "appeals", "GET"),
    ("officer", "requests/x", "POST"),
    ("officer", "appeals/x", "POST"),
    ("manager", "book", "GET"),
    ("manager", "book", "POST"),
    ("desk", "book", "POST"),
    ("desk", "correct", "GET"),
    ("manager", "correct/x", "POST"),
]


@pytest.mark.parametrize(("role", "page", "method"), REFUSED)
def test_pages_refuse_who_lacks_the_permission(faces, role, page, method):
    client = faces.officer(roles=(role,))
    form = (
        {"csrf_token": token(client.get("/staff", follow_redirects=True).text)} if method == "POST" else None
    )
    answer = client.open(f"/duty/{faces.hall.code}/{page}", method=method, data=form)
    assert answer.status_code == 403


def test_pages_want_somebody_signed_in(faces):
    assert faces.app.test_client().get(f"/duty/{faces.hall.code}/book").status_code == 302


def test_a_request_of_another_hall_is_not_there(faces, duty):
    with faces.parts.database.transaction() as session:
        other = build.make_hall(session, "other")
        slot = build.make_slot(session, build.make_group(session, other), TEN + timedelta(days=1))
        stranger = build.make_appointment(session, slot)
    assert duty.get(f"/duty/{faces.hall.code}/requests/{stranger.reference}").status_code == 404
    assert duty.get(f"/duty/{faces.hall.code}/correct/{stranger.reference}").status_code == 404
    assert duty.get("/duty/other/requests").status_code == 403
