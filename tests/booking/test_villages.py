"""Mobile sessions: a visit has one place, and nobody is sent to a village, or from one, unasked."""

from dataclasses import replace
from datetime import date, time

import pytest
from sqlalchemy import func, select

from booking import doctor
from booking.availability import slot_counts
from booking.book import Book, book
from booking.cancel import cancel
from booking.change_plan import change_plan, preview_plan
from booking.close import Close, Then, close
from booking.errors import HoldExpired, SlotFull
from booking.hold import HoldSlot, hold
from booking.models import Appointment, Number, Slot
from booking.publish import publish
from booking.visit_availability import nearest_visits, visit_days
from booking.visit_offer import get_visit_offer
from halls.edit import save_hall
from halls.plan_rows import ExtraRow
from halls.queries import get_group_by_code
from kernel.actor import ANONYMOUS, SYSTEM
from people.sample_ids import sample_resident_id
from tests.booking.crowded import book_all
from tests.booking.test_change_plan import PLAIN
from tests.booking.test_waitlist import FIRST, give_up
from tests.booking.test_waitlist import wait as wait_for
from tests.build import TODAY, at, make_group, make_hall, make_service, make_slot
from tests.conftest import NOW

TOMORROW = date(2026, 3, 3)
EAST, WEST = "东岭村村委会", "西岭村村委会"
PHONE = "+8613800138000"


@pytest.fixture
def hall(session):
    return make_hall(session, "h1", policy={"booking": {"max_open_appointments": 50}})


@pytest.fixture
def lines(session, hall):
    return [make_group(session, hall, code) for code in "AB"]


@pytest.fixture
def long(session, lines):
    """Takes two numbers of the first line."""
    return make_service(session, lines[0], minutes=20)


def slots(session, group, *places, numbers=1):
    """One number in each half-hour from 10:00, in these places."""
    for nth, place in enumerate(places):
        clock = f"{10 + nth // 2}:{nth % 2 * 30:02}"
        make_slot(session, group, at(clock), numbers=numbers, place=place)


def hold_at(session, services, clock="10:00", on=TODAY):
    codes = tuple(each.code for each in services)
    return hold(session, HoldSlot("h1", codes, at(clock, on)), actor=ANONYMOUS, now=NOW)


def book_at(session, services, clock="10:00", on=TODAY, seed=1):
    held = hold_at(session, services, clock, on)
    person = Book(held.token, "张三", "resident_id", sample_resident_id(seed), PHONE)
    return book(session, person, actor=ANONYMOUS, now=NOW)


def village_of(session, appointment):
    return session.scalar(select(Slot.place_zh).where(Slot.id == appointment.slot_id))


@pytest.mark.parametrize("places", [("", EAST), (EAST, ""), (EAST, WEST)])
def test_consecutive_numbers_do_not_cross_from_one_place_to_another(session, lines, long, places):
    slots(session, lines[0], *places)
    assert [slot.free for slot in slot_counts(session, lines[0].id, TODAY, now=NOW, needed=2)] == [0, 0]
    with pytest.raises(SlotFull):
        hold_at(session, [long])
    assert session.scalar(select(func.count(Number.id)).where(Number.hold_token.is_not(None))) == 0


@pytest.mark.parametrize("place", ["", EAST])
def test_consecutive_numbers_of_one_place_are_one_visit(session, lines, long, place):
    slots(session, lines[0], place, place)
    (first, _) = slot_counts(session, lines[0].id, TODAY, now=NOW, needed=2)
    assert (first.free, first.place.name_zh) == (1, place)
    assert village_of(session, book_at(session, [long])) == place


def test_a_visit_of_several_lines_stays_in_one_place(session, lines, hall):
    services = [make_service(session, line) for line in lines]
    slots(session, lines[0], "")
    make_slot(session, lines[1], at("10:30"), place=EAST)
    offer = get_visit_offer(session, "h1", [each.code for each in services], answers={})
    days = visit_days(session, offer, first_on=TODAY, last_on=TODAY, now=NOW)
    assert days[TODAY].free == 0
    with pytest.raises(SlotFull):
        hold_at(session, services)
    make_slot(session, lines[0], at("11:00"), numbers=1, place=EAST)
    make_slot(session, lines[1], at("11:30"), numbers=1, place=EAST)
    others = nearest_visits(session, offer, starts_at=at("10:00"), now=NOW)
    told = [(each.starts_at, each.as_json()["place_zh"]) for each in others]
    assert told == [(at("10:30"), EAST), (at("11:00"), EAST)]
    assert village_of(session, book_at(session, services, "11:00")) == EAST


def test_the_nearest_slots_say_where_they_are(session, lines):
    service = make_service(session, lines[0])
    slots(session, lines[0], "", EAST, "")
    book_at(session, [service])
    with pytest.raises(SlotFull) as refused:
        hold_at(session, [service])
    east, here = refused.value.params["alternatives"]
    assert (east["place_zh"], east["place_en"], "place_zh" in here) == (EAST, f"{EAST} (village)", False)


def test_no_offer_of_the_waitlist_crosses_from_one_place_to_another(session, now, lines, long):
    day, clocks = date(2026, 3, 3), ("10:00", "10:30", "11:00")
    for clock, place in zip(clocks, ("", EAST, EAST), strict=True):
        make_slot(session, lines[0], at(clock, day), numbers=1, place=place)
    short = make_service(session, lines[0])
    taken = [book_at(session, [short], clock, day, seed) for seed, clock in enumerate(clocks, 1)]
    entry = wait_for(session, now, long, FIRST)
    give_up(session, now, taken[0])
    give_up(session, now, taken[1])
    assert entry.state == "waiting"
    give_up(session, now, taken[2])
    assert (entry.state, entry.offer_starts_at) == ("offered", at("10:30", day))


SATURDAY = date(2026, 3, 7)
WEEKEND = ExtraRow("A", SATURDAY, "extra", time(13), time(15), 1.0, "weekend")
AFTERNOON = ExtraRow("A", SATURDAY, "extra", time(15), time(16), 1.0, "mobile", EAST, "Dongling")
MORNING = replace(AFTERNOON, starts=time(9), ends=time(11))
ELSEWHERE = replace(MORNING, place_zh=WEST)


@pytest.fixture
def station(session):
    """A hall with its line A; its plan is changed by `plan`."""
    return save_hall(session, with_sessions(MORNING, WEEKEND, AFTERNOON), actor=SYSTEM, now=NOW)


@pytest.fixture
def group(session, station):
    days = {"first_on": TODAY, "last_on": date(2026, 3, 11)}
    publish(session, station.id, **days, actor=SYSTEM, now=NOW)
    return get_group_by_code(session, station.id, "A")


def with_sessions(*extras):
    return replace(PLAIN, extras=extras)


def plan(session, *extras, then=Then.MOVE):
    return change_plan(session, with_sessions(*extras), then=then, actor=SYSTEM, now=NOW)


def places_by_hour(session, group):
    """Of Saturday's slots that can be booked: start → village, and how many free numbers."""
    rows = session.execute(
        select(Slot.starts_at, Slot.place_zh, func.count(Number.id).filter(Number.appointment_id.is_(None)))
        .outerjoin(Number, Number.slot_id == Slot.id)
        .where(Slot.group_id == group.id, Slot.on_date == SATURDAY)
        .group_by(Slot.id)
        .order_by(Slot.starts_at)
    )
    return {at_.hour + 8: (place, free > 0) for at_, place, free in rows if at_.minute == 0}


def book_saturday(session, station, group):
    return book_all(session, station, SATURDAY, now=NOW, group=group)


def test_publishing_writes_the_place_of_every_slot(session, group):
    free = {9: (EAST, True), 10: (EAST, True), 13: ("", True), 14: ("", True), 15: (EAST, True)}
    assert places_by_hour(session, group) == free
    first = session.scalars(select(Slot).where(Slot.on_date == SATURDAY).order_by(Slot.starts_at)).first()
    assert (first.place_zh, first.place_en) == (EAST, "Dongling")
    assert {each.place_zh for each in session.scalars(select(Slot).where(Slot.on_date == TOMORROW))} == {""}


def test_a_closed_village_is_rehoused_there_and_the_hall_in_the_hall(session, station, group):
    booked = book_saturday(session, station, group)
    before = {each.id: village_of(session, each) for each in booked}
    session.expire_all()
    for clock in ("09:00", "13:00"):
        until = at(f"{int(clock[:2]) + 1}:00", SATURDAY)
        command = Close(group.id, at(clock, SATURDAY), until, "停电", emergency=True, then=Then.MOVE)
        close(session, station, command, actor=SYSTEM, now=NOW)
    session.expire_all()
    moved = [each for each in booked if each.state == "booked"]
    assert {village_of(session, each) for each in moved} == {"", EAST}
    assert all(village_of(session, each) == before[each.id] for each in moved)
    # The hall has room on the days before and after; the village, full as it is, has none.
    assert {before[each.id] for each in booked if each.state == "cancelled"} == {EAST}
    assert any(each.on_date != SATURDAY for each in moved)
    assert doctor.check(session) == []


def test_a_village_with_room_takes_its_own(session, station, group):
    booked = book_all(session, station, SATURDAY, now=NOW, group=group, most=1)
    done = plan(session, WEEKEND, AFTERNOON)
    session.expire_all()
    (one,) = booked
    assert (done.rehoused.moved, one.on_date, village_of(session, one)) == (1, SATURDAY, EAST)
    assert one.starts_at >= at("15:00", SATURDAY)


def test_who_was_to_come_to_a_village_is_cancelled_where_it_has_no_session_any_more(session, station, group):
    booked = book_saturday(session, station, group)
    villagers = [each for each in booked if village_of(session, each)]
    done = plan(session, WEEKEND)
    session.expire_all()
    assert (done.rehoused.moved, done.rehoused.cancelled) == (0, len(villagers))
    assert {each.state for each in villagers} == {"cancelled"}


@pytest.mark.parametrize("new", [ELSEWHERE, replace(MORNING, session="weekend", place_zh="", place_en="")])
def test_a_session_held_in_another_place_strands_who_was_told_the_first(session, station, group, new):
    booked = book_saturday(session, station, group)
    morning = [each for each in booked if each.starts_at < at("12:00", SATURDAY)]
    stranded = preview_plan(session, with_sessions(new, WEEKEND, AFTERNOON), actor=SYSTEM, now=NOW)
    assert [each.appointment_id for each in stranded] == [each.id for each in morning]
    plan(session, new, WEEKEND, AFTERNOON)
    session.expire_all()
    assert {each.state for each in morning} == {"cancelled"}
    assert places_by_hour(session, group)[9] == (new.place_zh, True)


def test_a_kept_booking_keeps_its_place_and_nothing_is_given_beside_it(session, station, group):
    one, *_ = book_all(session, station, SATURDAY, now=NOW, group=group, most=1)
    plan(session, ELSEWHERE, WEEKEND, AFTERNOON, then=Then.KEEP)
    session.expire_all()
    assert village_of(session, one) == EAST
    found = {slot.starts_at: slot for slot in slot_counts(session, group.id, SATURDAY, now=NOW)}
    assert at("09:00", SATURDAY) not in found
    assert found[at("09:30", SATURDAY)].place.name_zh == WEST
    assert places_by_hour(session, group)[9] == (EAST, False)


def test_a_kept_booking_that_is_cancelled_is_not_for_sale_in_the_old_place(session, station, group):
    one, *_ = book_all(session, station, SATURDAY, now=NOW, group=group, most=1)
    plan(session, ELSEWHERE, WEEKEND, AFTERNOON, then=Then.KEEP)
    session.expire_all()
    cancel(session, one, reason="citizen", actor=ANONYMOUS, now=NOW)
    session.flush()
    assert places_by_hour(session, group)[9] == (EAST, False)
    assert at("09:00", SATURDAY) not in {
        slot.starts_at for slot in slot_counts(session, group.id, SATURDAY, now=NOW)
    }
    publish(session, station.id, first_on=SATURDAY, last_on=SATURDAY, actor=SYSTEM, now=NOW)
    session.expire_all()
    assert places_by_hour(session, group)[9] == (WEST, True)


def test_nobody_confirms_a_place_that_has_gone(session, station, group):
    service = make_service(session, group)
    code = HoldSlot("station", (service.code,), at("09:00", SATURDAY))
    held = hold(session, code, actor=ANONYMOUS, now=NOW)
    plan(session, ELSEWHERE, WEEKEND, AFTERNOON)
    with pytest.raises(HoldExpired):
        book(
            session,
            Book(held.token, "张三", "resident_id", sample_resident_id(1), PHONE),
            actor=ANONYMOUS,
            now=NOW,
        )
    assert places_by_hour(session, group)[9] == (WEST, True)
    assert session.scalar(select(func.count(Appointment.id))) == 0


def test_the_doctor_finds_a_booking_whose_slot_went_elsewhere(session, lines):
    service = make_service(session, lines[0])
    slots(session, lines[0], EAST)
    booked = book_at(session, [service])
    assert (booked.place_zh, booked.place_en) == (EAST, f"{EAST} (village)")
    assert doctor.check(session) == []
    session.get_one(Slot, booked.slot_id).place_zh = WEST
    session.flush()
    assert [each.rule for each in doctor.check(session)] == ["appointment_in_another_place"]
