"""Pages over all halls read the database as often for a city as for two halls."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from catalog.edit import offer
from kernel.actor import SYSTEM
from tests import build
from tests.conftest import NOW
from tests.web.citizen.town import LOST, RENEWAL, TUESDAY, book

BOTH = f"{RENEWAL},passport"


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
