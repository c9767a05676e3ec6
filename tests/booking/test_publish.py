from collections import Counter
from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from booking.availability import alternatives, day_counts, free_days, next_release_at, slot_counts
from booking.book import Book, book
from booking.cancel import cancel
from booking.hold import HoldSlot, hold
from booking.models import Number, Slot
from booking.publish import publish
from halls.closures import add_closure
from halls.models import CalendarDay, PlanLine
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.outbox import OutboxEvent
from people.sample_ids import sample_resident_id
from tests.build import TODAY, at, make_group, make_hall, make_plan, make_service, make_slot

TOMORROW = date(2026, 3, 3)


@pytest.fixture
def hall(session):
    return make_hall(session, "h1")


@pytest.fixture
def group(session, hall):
    group = make_group(session, hall)
    make_plan(session, group, counters=4, hours="09:00-11:00")
    return group


def publish_day(session, hall, now, on=TOMORROW, until=None):
    return publish(session, hall.id, first_on=on, last_on=until or on, actor=SYSTEM, now=now)


def numbers(session, on=TOMORROW):
    return list(session.scalars(select(Number).where(Number.on_date == on).order_by(Number.id)))


def test_numbers_follow_the_plan_in_three_channels(session, now, hall, group):
    added = publish_day(session, hall, now)
    rows = numbers(session)
    # 4 counters, 4 half-hours, a unit of 10 minutes: 48 places, 88 % of them real, 60 % of these online.
    assert added == len(rows) == 42
    by_channel = Counter(row.channel for row in rows)
    assert by_channel == {"online": 24, "duty": 1, "walk_in": 17}
    assert all((row.released_at is None) == (row.channel != "online") for row in rows)
    slots = session.scalars(select(Slot).where(Slot.on_date == TOMORROW).order_by(Slot.starts_at)).all()
    assert [slot.starts_at for slot in slots] == [
        at(t, TOMORROW) for t in ("09:00", "09:30", "10:00", "10:30")
    ]
    assert {(slot.counters, slot.ends_at - slot.starts_at) for slot in slots} == {
        (4.0, timedelta(minutes=30))
    }


def test_the_ladder_releases_a_date_in_steps(session, now, hall, group):
    on = date(2026, 3, 11)  # seven working days after the second
    publish_day(session, hall, now, on)
    released = Counter(row.released_at for row in numbers(session, on) if row.channel == "online")
    assert released == {
        at("08:00", TODAY): 13,
        at("08:00", date(2026, 3, 6)): 7,
        at("18:00", date(2026, 3, 10)): 4,
    }
    free = {
        each.on_date: each.free
        for each in day_counts(session, [group.id], first_on=TODAY, last_on=on, now=now)
    }
    assert free == {on: 13}
    assert next_release_at(session, group.id, now=now) == at("08:00", date(2026, 3, 6))


def test_publishing_twice_adds_nothing(session, now, hall, group):
    publish_day(session, hall, now)
    before = [(row.id, row.released_at) for row in numbers(session)]
    assert publish_day(session, hall, now) == 0
    assert [(row.id, row.released_at) for row in numbers(session)] == before
    events = session.scalars(select(OutboxEvent.name)).all()
    assert events == ["NumbersPublished"]


def test_weekends_and_holidays_have_no_numbers_but_worked_weekends_do(session, now, hall, group):
    saturday, sunday = date(2026, 3, 7), date(2026, 3, 8)
    session.add(CalendarDay(on_date=sunday, working=True))
    session.add(CalendarDay(on_date=TOMORROW, working=False))
    publish_day(session, hall, now, TOMORROW, until=sunday)
    assert numbers(session, saturday) == []
    assert numbers(session, TOMORROW) == []
    assert len(numbers(session, sunday)) == 42


def test_a_closure_takes_its_slots_away_but_not_what_is_booked(session, now, hall, group):
    service = make_service(session, group)
    publish_day(session, hall, now)
    token = hold(
        session, HoldSlot("h1", (service.code,), at("09:00", TOMORROW)), actor=ANONYMOUS, now=now
    ).token
    person = Book(token, "张三", "resident_id", sample_resident_id(1), "+8613800138000")
    booked = book(session, person, actor=ANONYMOUS, now=now)
    add_closure(
        session,
        hall,
        group_id=None,
        starts_at=at("09:00", TOMORROW),
        ends_at=at("10:00", TOMORROW),
        reason_zh="停电",
        actor=SYSTEM,
        now=now,
    )

    publish_day(session, hall, now)

    left = Counter(row.starts_at for row in numbers(session))
    assert left[at("09:00", TOMORROW)] == 1
    assert left[at("09:30", TOMORROW)] == 0
    assert left[at("10:00", TOMORROW)] > 0
    assert session.scalars(select(Number.appointment_id).where(Number.starts_at == booked.starts_at)).one()
    shown = [slot.starts_at for slot in slot_counts(session, group.id, TOMORROW, now=now)]
    assert shown == [at(t, TOMORROW) for t in ("10:00", "10:30")]


def test_more_counters_add_numbers_and_fewer_withdraw_free_ones(session, now, hall, group):
    publish_day(session, hall, now)
    for line in session.scalars(select(PlanLine)):
        line.counters = Decimal(6)
    session.flush()
    assert publish_day(session, hall, now) > 0
    grown = len(numbers(session))
    for line in session.scalars(select(PlanLine)):
        line.counters = Decimal(1)
    session.flush()
    assert publish_day(session, hall, now) == 0
    assert len(numbers(session)) < 42 < grown


def test_an_extra_session_and_a_replaced_day_are_published(session, now, hall, group):
    saturday = date(2026, 3, 7)
    session.add_all(
        [
            PlanLine(
                group_id=group.id, on_date=saturday, kind="extra", starts=time(9), ends=time(10), counters=1
            ),
            PlanLine(
                group_id=group.id,
                on_date=TOMORROW,
                kind="replace",
                starts=time(14),
                ends=time(15),
                counters=1,
            ),
        ]
    )
    publish_day(session, hall, now, TOMORROW, until=saturday)
    assert {row.starts_at for row in numbers(session, saturday)} == {
        at(t, saturday) for t in ("09:00", "09:30")
    }
    assert {row.starts_at for row in numbers(session)} == {at(t, TOMORROW) for t in ("14:00", "14:30")}


def test_slots_that_have_begun_are_left_alone(session, hall, group):
    publish_day(session, hall, at("09:45"), TODAY)
    assert {row.starts_at for row in numbers(session, TODAY)} == {at("10:00"), at("10:30")}


def test_only_what_can_be_held_is_counted(session, hall, group):
    publish_day(session, hall, at("08:00"), TODAY)
    now = at("09:15")
    counts = {slot.starts_at: slot.free for slot in slot_counts(session, group.id, TODAY, now=now)}
    assert counts[at("09:00")] == counts[at("09:30")] == 0  # begun, and inside the lead time
    assert counts[at("10:00")] > 0
    [today] = day_counts(session, [group.id], first_on=TODAY, last_on=TODAY, now=now)
    assert today.free == sum(counts.values())


def test_days_are_counted_by_the_rules_of_now_whatever_was_known_of_them_before(session, hall, group):
    last_on = date(2026, 3, 20)
    now = at("06:00")
    publish_day(session, hall, now, TODAY, until=last_on)
    session.execute(update(Number).where(Number.channel == "online").values(released_at=now))
    seen = []
    for lead_minutes, working_days in ((30, 2), (3000, 9), (0, 4), (30, 2)):
        hall.policy = {"booking": {"lead_time_minutes": lead_minutes, "horizon_working_days": working_days}}
        session.flush()
        counts = day_counts(session, [group.id], first_on=TODAY, last_on=last_on, now=now)
        days = free_days(session, group.id, first_on=TODAY, last_on=last_on, now=now)
        assert [(each.on_date, each.free) for each in counts] == [
            (on, day.free) for on, day in days.items() if day.free
        ]
        seen.append((counts[0].on_date, counts[-1].on_date))
    assert len(set(seen)) == 3
    assert seen[0] == seen[3]


def test_the_return_of_a_cancelled_number_cannot_be_foreseen(session, now, hall, group):
    service = make_service(session, group)
    publish_day(session, hall, now)
    session.execute(Number.__table__.update().values(released_at=now - timedelta(days=1)))
    token = hold(
        session, HoldSlot("h1", (service.code,), at("09:00", TOMORROW)), actor=ANONYMOUS, now=now
    ).token
    person = Book(token, "张三", "resident_id", sample_resident_id(1), "+8613800138000")
    cancel(
        session, book(session, person, actor=ANONYMOUS, now=now), reason="citizen", actor=ANONYMOUS, now=now
    )
    assert next_release_at(session, group.id, now=now) is None


def test_the_nearest_alternatives_come_first_and_never_inside_the_lead_time(session, hall, group):
    now = at("09:10")
    for starts, free in (("09:30", 1), ("10:00", 0), ("10:30", 1), ("13:00", 2)):
        make_slot(session, group, at(starts), numbers=free)
    found = alternatives(session, group.id, starts_at=at("10:00"), needed=1, now=now, limit=2)
    assert [(each.starts_at, each.free) for each in found] == [(at("10:30"), 1), (at("13:00"), 2)]
    assert alternatives(session, group.id, starts_at=at("10:00"), needed=3, now=now) == []


def test_a_long_visit_counts_by_stretches(session, now, hall, group):
    for starts, free in (("10:00", 1), ("10:30", 2), ("11:30", 1)):
        make_slot(session, group, at(starts), numbers=free)
    counts = slot_counts(session, group.id, TODAY, now=now, needed=2)
    assert [slot.free for slot in counts] == [1, 1, 0]
    [day] = day_counts(session, [group.id], first_on=TODAY, last_on=TODAY, now=now, needed=2)
    assert day.free == 1


def test_nothing_is_counted_for_unknown_groups_or_empty_days(session, now):
    assert day_counts(session, [], first_on=TODAY, last_on=TODAY, now=now) == []
    assert day_counts(session, [10**9], first_on=TODAY, last_on=TODAY, now=now) == []
    assert slot_counts(session, 10**9, TODAY, now=now) == []
    assert session.scalar(select(func.count()).select_from(Number)) == 0
