"""The order of docs/booking.md, "Who waits for whom", where one step locks several things of a kind."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import cast, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import BigInteger

from booking.book import Book, book
from booking.book_at_once import book_at_once
from booking.cancel import cancel
from booking.change_days import DaysChange, change_days
from booking.close import Then
from booking.hold import HoldSlot, hold
from booking.models import Draft, WaitlistEntry
from booking.standing import lock_person
from booking.tables import export_table, import_table
from booking.turns import wait_for_hall
from booking.waitlist import JoinWaitlist, join
from feedback import personal_data
from halls.edit import save_hall
from halls.plan_rows import CalendarRow
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.db import lock_key
from people.citizens import identity_index
from people.sample_ids import sample_resident_id
from queueing.tables import KINDS
from tests.booking.city_tables import CHIEF
from tests.booking.test_change_plan import PLAIN
from tests.booking.test_giving_up_races import is_somebody_waiting_for_a_row
from tests.booking.test_leg_races import is_somebody_waiting_for_a_person, wait_until
from tests.booking.test_turns import NO_WAITING, wait_until_somebody_waits
from tests.build import TODAY, at, make_group, make_hall, make_service, make_slot

PHONE, OTHER = "+8613800138000", "+8613900139000"
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def halls(database, now):
    """Two halls; the one with the smaller id has the later code."""
    with database.transaction() as session:
        plans = [replace(PLAIN, code=code) for code in ("h2", "h1")]
        return [save_hall(session, plan, actor=SYSTEM, now=now).id for plan in plans]


def take_in(session, code, now, lines):
    import_table(session, KINDS[code], lines, then=Then.KEEP, actor=CHIEF, now=now)


def change_a_day(session, now):
    rows = (CalendarRow(TOMORROW, False, "停电", "Power cut"),)
    change_days(session, DaysChange(rows), then=Then.KEEP, actor=SYSTEM, now=now)


def take_in_plans(session, now):
    cells = export_table(session, KINDS["plan"], language="zh", actor=CHIEF, now=now)
    assert cells[1][0] == "h1"
    take_in(session, "plan", now, cells)


def take_in_closures(session, now):
    head = [column.name for column in KINDS["closures"].sheet.columns]
    when = [TOMORROW.isoformat(), "10:00", TOMORROW.isoformat(), "11:00"]
    rows = [[code, "", *when, "停电", "", "1"] for code in ("h1", "h2")]
    take_in(session, "closures", now, [head, *rows])


@pytest.mark.parametrize("change", [change_a_day, take_in_plans, take_in_closures])
def test_who_changes_several_halls_waits_for_them_by_id(database, now, halls, change):
    """As people do who have bookings in several: the second is free as long as the first is waited for."""
    first, second = halls

    def run():
        with database.transaction() as session:
            change(session, now)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            session.execute(NO_WAITING)
            wait_for_hall(session, first)
            changing = pool.submit(run)
            wait_until_somebody_waits(database)
            wait_for_hall(session, second)
        changing.result()


@pytest.fixture
def code(database):
    with database.transaction() as session:
        group = make_group(session, make_hall(session, "h1"))
        for clock in ("10:00", "11:00"):
            make_slot(session, group, at(clock), numbers=1)
        return make_service(session, group).code


def hold_one(session, code, now, clock="10:00"):
    return hold(session, HoldSlot("h1", (code,), at(clock)), actor=ANONYMOUS, now=now).token


def who(token, person=1, phone=PHONE):
    return Book(token, "张三", "resident_id", sample_resident_id(person), phone)


def index_of(person):
    return identity_index("resident_id", sample_resident_id(person))


@pytest.mark.parametrize("at_once", [True, False])
def test_who_books_has_the_draft_before_the_person(database, now, code, at_once):
    with database.transaction() as session:
        token = hold_one(session, code, now)

    def run():
        if at_once:
            with database.direct() as direct:
                book_at_once(direct, who(token), actor=ANONYMOUS, now=now)
            return
        with database.transaction() as session:
            book(session, who(token), actor=ANONYMOUS, now=now)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            lock_person(session, index_of(1))
            booking = pool.submit(run)
            wait_until(lambda: is_somebody_waiting_for_a_person(database))
            with pytest.raises(OperationalError, match="could not obtain lock"), session.begin_nested():
                session.execute(select(Draft.id).with_for_update(nowait=True))
        booking.result()


def test_who_is_forgotten_waits_for_the_draft_of_an_offer_before_people_are_locked(database, now, code):
    """Somebody may be booking by the offer, and wait for the same person."""
    with database.transaction() as session:
        mine = book(session, who(hold_one(session, code, now, "11:00")), actor=ANONYMOUS, now=now)
        theirs = who(hold_one(session, code, now), person=2, phone=OTHER)
        book(session, theirs, actor=ANONYMOUS, now=now)
        entry = join(session, JoinWaitlist("h1", (code,), TODAY, TODAY, PHONE), actor=ANONYMOUS, now=now).id
        cancel(session, mine, reason="citizen", actor=ANONYMOUS, now=now, fraction=0.0)
        offered = session.get_one(WaitlistEntry, entry)
        assert offered.state == "offered"
        draft_id = offered.draft_id

    def run():
        with database.transaction() as session:
            personal_data.forget(session, PHONE, cancel_open=False, actor=ANONYMOUS, now=now)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            session.execute(select(Draft.id).where(Draft.id == draft_id).with_for_update())
            forgetting = pool.submit(run)
            wait_until(lambda: forgetting.done() or is_somebody_waiting_for_a_row(database))
            free = func.pg_try_advisory_xact_lock(cast(lock_key(index_of(1)), BigInteger))
            assert session.scalar(select(free))
        forgetting.result()
    with database.transaction() as session:
        assert session.get(WaitlistEntry, entry) is None
