"""Pages over all halls read the database as often for a city as for two halls."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from booking.models import WaitlistEntry
from booking.special_requests import AskSpecially, ask
from catalog.edit import offer
from catalog.queries import get_service
from kernel.actor import SYSTEM
from kernel.crypto import cipher
from kernel.ids import new_reference
from people.citizens import phone_index
from people.sample_ids import sample_resident_id
from tests import build
from tests.conftest import NOW
from tests.web.citizen.town import LOST, RENEWAL, TUESDAY, book

BOTH = f"{RENEWAL},passport"
MOBILE = "+8613800138000"


@contextmanager
def counted(town):
    """The statements that pages send meanwhile."""
    engine, said = town.parts.database.engine, []

    def note(_connection, _cursor, statement, *_rest):
        if not statement.startswith(("SAVEPOINT", "RELEASE")):
            said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


def reads(town, phone, path):
    phone.go(path)  # what a process reads once
    with counted(town) as said:
        assert phone.go(path).status == 200, phone.words
    return len(said)


def add_halls(town, count):
    with town.parts.database.transaction() as session:
        for number in range(count):
            hall = build.make_hall(session, f"more-{number}", name_zh=f"第 {number} 大厅")
            group, other = (build.make_group(session, hall, letter) for letter in "AB")
            build.make_plan(session, group)
            lines = {RENEWAL: group.id, "passport": other.id if number % 2 else group.id}
            offer(session, hall.id, lines, actor=SYSTEM, now=NOW)
            for line in (group, other):
                if number % 3:
                    build.make_slot(session, line, build.at("10:00", TUESDAY), numbers=3)


@pytest.mark.parametrize(
    "path",
    [
        f"/services/{RENEWAL}/halls?a={LOST}",
        f"/services/{RENEWAL}/halls",
        f"/services/{RENEWAL}/first?a={LOST}",
        f"/visit/halls?s={BOTH}",
        "/services",
        "/queues",
        "/halls",
        "/",
    ],
)
def test_more_halls_cost_no_more_statements(town, phone, path):
    before = reads(town, phone, path)
    add_halls(town, 12)
    assert reads(town, phone, path) <= before + 1  # the releases are asked for only where a hall is full
    assert before <= 14


def test_a_hall_with_more_lines_costs_no_more_statements(town, phone):
    with town.parts.database.transaction() as session:
        build.make_ticket(session, town.group)
    before = reads(town, phone, "/halls/city-hall")
    with town.parts.database.transaction() as session:
        for letter in "CDEFGH":
            group = build.make_group(session, town.hall, letter)
            build.make_plan(session, group)
            build.make_counter(session, town.hall, [group], ord(letter))
            for _ in range(3):
                build.make_ticket(session, group)
    assert reads(town, phone, "/halls/city-hall") == before
    assert before <= 25


def test_more_waits_requests_and_missed_visits_cost_no_more_statements(town, phone):
    book(town, phone)
    add_to_my_page(town, town.group, 31)
    before = reads(town, phone, "/my")
    for serial, letter in enumerate("CDE", 32):
        with town.parts.database.transaction() as session:
            group = build.make_group(session, town.hall, letter)
        add_to_my_page(town, group, serial)
    assert reads(town, phone, "/my") == before
    counts = [phone.words.count(each) for each in ("前面还有 0 人", "等待答复", "有 1 次没有到场")]
    assert counts == [4, 4, 4]


def add_to_my_page(town, line, serial):
    """One more wait in this line, request, and person who missed a visit, all of one phone."""
    with town.parts.database.transaction() as session:
        mine = [get_service(session, RENEWAL).id]
        slot = build.make_slot(session, line, build.at("10:00", build.TODAY - timedelta(days=7)))
        build.make_appointment(session, slot, state="no_show", service_ids=mine)
        facts = {"hall_id": line.hall_id, "group_id": line.id, "service_ids": mine, "created_at": NOW}
        sealed = cipher().encrypt(MOBILE, "waitlist.phone")
        wait = WaitlistEntry(first_on=TUESDAY, last_on=TUESDAY, phone_sealed=sealed, **facts)
        wish = AskSpecially(
            town.hall.code, (RENEWAL,), "urgent", TUESDAY, "孩子住院", "张三", "resident_id", "", MOBILE
        )
        wait.reference, wait.phone_index = new_reference(), phone_index(MOBILE)
        session.add(wait)
        ask(session, replace(wish, identity_number=sample_resident_id(serial)), actor=SYSTEM, now=NOW)


def test_more_bookings_cost_no_more_statements(town, phone):
    book(town, phone)
    before = reads(town, phone, "/my")
    with town.parts.database.transaction() as session:
        service_id = town.appointment().service_ids[0]
        for number in range(3):
            on = TUESDAY + timedelta(days=number + 1)
            slot = build.make_slot(session, town.group, build.at("10:00", on))
            build.make_appointment(session, slot, service_ids=[service_id])
    assert reads(town, phone, "/my") == before
