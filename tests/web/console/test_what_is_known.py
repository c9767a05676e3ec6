"""What was written when booking, what others wait for, and every step of the desk under a key of its own."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from booking.models import Appointment
from catalog.models import Guide, Service
from halls.models import Hall
from kernel import clock
from kernel.audit import AuditEntry
from people.citizens import find_or_create
from people.identity import check
from queueing.models import Ticket
from queueing.policy import DISCIPLINES
from tests import build
from tests.conftest import NOW
from tests.web.api.town import GUIDE, MATERIALS
from tests.web.console.test_console import say
from tests.web.hall_faces import press
from web.console.face import ORDERS

NAME, NUMBER = "安娜", "X1234567"


@pytest.fixture
def called(faces):
    """Somebody who answered the questions of a guide is called to counter 1: client, address, row."""
    with faces.parts.database.transaction() as session:
        service = session.get(Service, faces.renewal.id)
        service.materials = [MATERIALS[0] | {"deferrable": True, "note_zh": "全本带来"}, MATERIALS[1]]
        session.add(Guide(service_id=service.id, tree=GUIDE))
        identity = check("passport_foreign", NUMBER, today=build.TODAY)
        citizen = find_or_create(session, identity, name=NAME, phone="+8613800138000", language="zh", now=NOW)
        slot = build.make_slot(session, faces.a, build.at("09:00") + timedelta(days=30))
        answers = {f"{service.code}.reason": "lost"}
        booked = build.make_appointment(session, slot, citizen, state="checked_in", answers=answers)
    who = {"appointment_id": booked.id, "citizen_id": citizen.id}
    faces.waiting(1, track="booked", service_ids=[faces.renewal.id], **who)
    client = faces.officer(counter=0)
    press(client, faces.counter_url(), "next")
    [row] = faces.tickets()
    return client, faces.counter_url(), row.id


def keys(page):
    return set(re.findall(r'data-key="([^"]+)"', page))


def test_the_answers_of_the_guide_stand_with_the_papers_they_led_to_and_why(called):
    client, url, _row = called
    page = client.get(url).text
    for told in ("丢失补领", "为什么补换？", "丢失", "户口簿", "核对身份", "全本带来", "可容缺"):
        assert told in page
    assert "旧身份证" not in page  # not in this situation


def test_name_and_number_are_shown_in_full_only_while_their_owner_is_served(called):
    client, url, row = called
    assert NUMBER not in client.get(url).text
    press(client, url, "start", ticket=row)
    page = client.get(url).text
    assert NAME in page
    assert NUMBER in page
    press(client, url, "finish", ticket=row)
    page = client.get(url).text
    assert NAME not in page
    assert NUMBER not in page


def looks(faces):
    with faces.parts.database.transaction() as session:
        query = select(AuditEntry).where(AuditEntry.action == "person.view").order_by(AuditEntry.id)
        return [
            (each.actor_id, each.subject_kind, each.subject_id, each.details["what"])
            for each in session.scalars(query)
        ]


def test_who_looks_at_the_person_is_recorded_once_for_each_officer(faces, called):
    client, url, row = called
    assert looks(faces) == []  # masked until then
    press(client, url, "start", ticket=row)
    for _ in range(3):
        client.get(url)
    mine = (faces.officers[0].id, "ticket", row, ["name", "number", "phone"])
    assert looks(faces) == [mine]
    faces.officer(roles=("duty_officer",)).get(url)
    assert looks(faces) == [mine, (faces.officers[-1].id, *mine[1:])]
    press(client, url, "finish", ticket=row)
    client.get(url)
    assert len(looks(faces)) == 2


def test_what_people_wait_for_is_counted_by_line_and_matter(faces):
    for ordinal in (1, 2):
        faces.waiting(ordinal, service_ids=[faces.renewal.id])
    faces.waiting(3)
    faces.waiting(1, faces.b, service_ids=[faces.passport.id])
    client = faces.officer(counter=0)
    page = client.get(faces.counter_url()).text
    told = re.sub(r"<[^>]+>|\s+", " ", page)
    told = re.sub(r"\s+", " ", told[told.index("大家在等什么") :])
    assert "A 户政 3 人" in told
    assert "居民身份证补换领 2 、 未说明 1" in told or "居民身份证补换领 2、未说明 1" in told
    assert "B 出入境 1 人" in told


def test_the_order_of_the_hall_is_explained_beside_who_comes_next(faces):
    client = faces.officer(counter=0)
    assert "到点的预约，和到了承诺时刻的现场号：谁的时刻早谁先" in client.get(faces.counter_url()).text
    with faces.parts.database.transaction() as session:
        hall = session.get_one(Hall, faces.hall.id)
        hall.policy = {**hall.policy, "queue": {"discipline": "fifo"}}
    assert "不分预约和现场，按取号先后" in client.get(faces.counter_url()).text


def test_every_order_that_a_hall_can_choose_is_explained():
    assert set(ORDERS) == set(DISCIPLINES)


def test_every_step_of_a_shift_has_a_key(faces, called):
    client, url, row = called
    assert {"S", "R", "N", "T", "C", "U", "/", "?"} <= keys(client.get(url).text)
    press(client, url, "start", ticket=row)
    assert {"F", "P", "T", "O", "A", "M", "B", "C", "I", "W", "H", "U"} <= keys(client.get(url).text)
    press(client, url, "park", ticket=row)
    assert {"Enter", "P", "X", "1", "H"} <= keys(client.get(url).text)
    press(client, url, "resume", ticket=row)
    press(client, url, "finish", ticket=row)
    page = client.get(url).text
    no_key = re.findall(r'<button class="btn key-btn[^>]*(?<!data-key)>', page)
    assert all("data-key" in each for each in no_key)
    assert len(keys(page)) == len(re.findall(r'data-key="', page)), "a key that does two things"


@pytest.mark.parametrize(
    ("before", "action", "state"),
    [
        ((), "leave", "waiting"),
        (("next", "absent"), "leave", "absent"),
        (("next", "absent"), "reinstate", "absent"),
        (("next", "start", "park"), "return", "parked"),
        (("next", "start", "park"), "resume", "parked"),
        (("next", "start", "park"), "leave", "parked"),
    ],
)
def test_void_return_resume_and_reinstate_can_be_undone_at_the_desk(faces, before, action, state):
    faces.waiting(1)
    client, url = faces.officer(counter=0), faces.counter_url()
    [row] = faces.tickets()
    for step in before:
        press(client, url, step, ticket=row.id)
    press(client, url, action, ticket=row.id)
    assert faces.read(Ticket, row.id).state != state
    assert "撤销 A001 的上一步" in client.get(url).text
    assert "已撤销，A001" in say(press(client, url, "undo", ticket=row.id), client)
    assert faces.read(Ticket, row.id).state == state
    assert "撤销 A001 的上一步" not in client.get(url).text


def test_undo_is_refused_once_ten_seconds_have_passed(faces, monkeypatch):
    faces.waiting(1)
    client, url = faces.officer(counter=0), faces.counter_url()
    [row] = faces.tickets()
    press(client, url, "leave", ticket=row.id)
    real = clock.real_now
    monkeypatch.setattr(clock, "real_now", lambda: real() + timedelta(seconds=11))
    assert "已不能撤销" in say(press(client, url, "undo", ticket=row.id), client)
    assert faces.read(Ticket, row.id).state == "abandoned"


def test_a_voided_booking_is_there_again_after_the_undo(faces, called):
    client, url, row = called
    press(client, url, "absent", ticket=row)
    press(client, url, "leave", ticket=row)
    booked = faces.read(Ticket, row).appointment_id
    assert faces.read(Appointment, booked).state == "no_show"
    press(client, url, "undo", ticket=row)
    assert faces.read(Appointment, booked).state == "checked_in"
