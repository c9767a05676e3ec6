from datetime import date, timedelta

import pytest
from sqlalchemy import select

from analytics.day_numbers import day_numbers
from analytics.promise_kept import (
    Attempts,
    attempts,
    attempts_by_service,
    promise_kept,
    promise_kept_by_service,
)
from booking.attempts import record_look
from booking.models import Attempt, PromiseSample
from booking.promise_samples import take_samples
from halls.models import CalendarDay
from tests.build import TODAY, at, make_group, make_hall, make_service, make_slot

# Monday to Friday: the third working day after Monday the second is Thursday the fifth.
THURSDAY, FRIDAY = date(2026, 3, 5), date(2026, 3, 6)


@pytest.fixture
def hall(session):
    return make_hall(session, "h1")


@pytest.fixture
def group(session, hall):
    return make_group(session, hall)


def sample(session, clock="10:00", late=timedelta(0)):
    take_samples(session, due_at=at(clock), now=at(clock) + late)
    return session.scalars(select(PromiseSample).where(PromiseSample.sampled_at == at(clock))).one_or_none()


def facts(row):
    return (row.available, row.available_with_today, row.third_after)


def test_a_number_on_the_third_working_day_keeps_the_promise_and_one_on_the_fourth_does_not(session, group):
    make_slot(session, group, at("10:00", FRIDAY), numbers=5)
    assert facts(sample(session)) == (False, False, 4)
    make_slot(session, group, at("10:00", THURSDAY), numbers=1)
    assert facts(sample(session, "10:15")) == (True, True, 4)


def test_today_counts_only_in_the_variant_with_today(session, group):
    make_slot(session, group, at("15:00", TODAY), numbers=2)
    assert facts(sample(session)) == (False, True, 8)
    make_slot(session, group, at("15:30", TODAY), numbers=1)
    assert sample(session, "10:15").third_after == 0


def test_a_holiday_is_not_a_working_day(session, group):
    make_slot(session, group, at("10:00", FRIDAY), numbers=5)
    session.add(CalendarDay(on_date=date(2026, 3, 4), working=False))
    session.flush()
    assert facts(sample(session)) == (True, True, 3)


def test_weekends_count_in_calendar_days_and_not_in_working_days(session, group):
    assert sample(session).third_after_days == 10  # the eighth working day after a Monday is a Thursday
    make_slot(session, group, at("10:00", date(2026, 3, 9)), numbers=3)
    found = sample(session, "10:15")
    assert (found.third_after, found.third_after_days) == (5, 7)
    make_slot(session, group, at("15:00"), numbers=3)
    assert sample(session, "10:30").third_after_days == 0


def test_without_a_third_number_it_lies_beyond_the_horizon(session, group):
    make_slot(session, group, at("10:00", THURSDAY), numbers=2)
    assert facts(sample(session)) == (True, True, 8)


def test_samples_once_while_booking_is_open_and_never_late(session, group):
    assert sample(session, "07:45") is None
    assert sample(session, "08:00") is not None
    assert take_samples(session, due_at=at("08:00"), now=at("08:00")) == 0
    assert sample(session, "08:15", late=timedelta(minutes=15)) is None
    assert sample(session, "08:30", late=timedelta(minutes=14)) is not None


def samples(session, clock="10:00"):
    """Units → the row."""
    take_samples(session, due_at=at(clock), now=at(clock))
    rows = session.scalars(select(PromiseSample).where(PromiseSample.sampled_at == at(clock)))
    return {row.units: row for row in rows}


def test_a_service_that_takes_two_numbers_needs_two_in_a_row(session, group):
    long = make_service(session, group, minutes=2 * group.unit_minutes)
    also_long = make_service(session, group, minutes=2 * group.unit_minutes - 1)
    make_service(session, group, minutes=3 * group.unit_minutes, active=False)
    assert {long.group_code, also_long.group_code} == {"A"}
    make_slot(session, group, at("10:00", date(2026, 3, 3)), numbers=1)
    make_slot(session, group, at("14:00", date(2026, 3, 4)), numbers=1)
    make_slot(session, group, at("15:00", date(2026, 3, 5)), numbers=1)
    found = samples(session)
    assert sorted(found) == [1, 2]  # one row for both services, none for the one that is gone
    assert (facts(found[1]), facts(found[2])) == ((True, True, 3), (False, False, 8))
    make_slot(session, group, at("10:30", date(2026, 3, 3)), numbers=6)
    found = samples(session, "10:15")
    assert (facts(found[1]), facts(found[2])) == ((True, True, 1), (True, True, 1))


def test_each_service_is_told_by_what_it_takes_and_its_line_by_any_number(session, hall, group):
    short, long = (make_service(session, group, minutes=n * group.unit_minutes) for n in (1, 2))
    other_hall = make_service(session, make_group(session, make_hall(session)))
    make_slot(session, group, at("10:00", date(2026, 3, 3)), numbers=1)
    samples(session)
    make_slot(session, group, at("10:30", date(2026, 3, 3)), numbers=1)
    samples(session, "10:15")
    found = promise_kept_by_service(session, hall, first_on=TODAY, last_on=TODAY)
    assert [(each.service_id, each.kept.units, each.kept.three_days) for each in found] == [
        (long.id, 2, 0.5),
        (short.id, 1, 1.0),
    ]
    assert [each.kept.third_median for each in found] == [8, 8]
    (line,) = promise_kept(session, hall, first_on=TODAY, last_on=TODAY)
    assert (line.samples, line.three_days, line.units) == (2, 1.0, 1)
    assert other_hall.id not in {each.service_id for each in found}
    assert promise_kept_by_service(session, hall, first_on=FRIDAY, last_on=FRIDAY) == []


def add(session, group, clock, *, kept, today=True, third=1, on=TODAY):
    session.add(
        PromiseSample(
            group_id=group.id,
            hall_id=group.hall_id,
            sampled_at=at(clock, on),
            available=kept,
            available_with_today=today,
            third_after=third,
            third_after_days=2 * third,
        )
    )
    session.flush()


def test_shares_and_days_are_summed_as_defined(session, hall, group):
    for nth, third in enumerate((0, 1, 1, 2, 8)):
        on = date(2026, 3, 2 + nth)
        add(session, group, "10:00", kept=third <= 3, third=third, on=on)
        add(session, group, "10:15", kept=True, third=50, on=on)
    other = make_group(session, make_hall(session))
    add(session, other, "10:00", kept=False)
    (found,) = promise_kept(session, hall, first_on=TODAY, last_on=date(2026, 3, 6))
    assert (found.group_id, found.samples, found.three_days) == (group.id, 10, 0.9)
    assert (found.three_days_with_today, found.third_median, found.third_p90) == (1.0, 1.0, 8)
    assert (found.third_median_days, found.third_p90_days) == (2.0, 16)
    (one_day,) = promise_kept(session, hall, first_on=TODAY, last_on=TODAY)
    assert (one_day.samples, one_day.third_median) == (2, 0)


def test_attempts_are_counted_by_person_and_day(session, hall, group):
    services = [make_service(session, group) for _ in range(2)]

    def look(visitor, service, found, on=TODAY, hall_id=hall.id):
        session.add(
            Attempt(
                on_date=on,
                visitor=visitor * 16,
                service_id=service.id,
                hall_id=hall_id,
                found=found,
                first_at=at("10:00"),
            )
        )

    look(b"a", services[0], True)
    look(b"a", services[1], False)
    look(b"b", services[0], False)
    look(b"b", services[0], True, on=date(2026, 3, 3))
    look(b"c", services[0], True, hall_id=0)
    session.flush()
    assert attempts(session, hall, first_on=TODAY, last_on=TODAY) == Attempts(3, 1)
    assert attempts(session, hall, first_on=TODAY, last_on=FRIDAY).share == 0.5
    assert attempts(session, hall, first_on=FRIDAY, last_on=FRIDAY).share is None


def test_attempts_are_those_at_a_service_and_of_a_line_those_at_its_services(session, hall, group):
    other = make_group(session, hall, "B")
    mine, also_mine, theirs = [make_service(session, each) for each in (group, group, other)]
    gone = make_service(session)
    for n, (service, found) in enumerate(
        [(mine, True), (mine, False), (also_mine, True), (theirs, False), (gone, False)]
    ):
        record_look(
            session,
            bytes([n]) * 16,
            service_ids=[service.id],
            hall_id=hall.id,
            on_date=TODAY,
            found=found,
            now=at("10:00"),
        )
    found = attempts_by_service(session, hall, first_on=TODAY, last_on=TODAY)
    assert {each.service_id: (each.group_id, each.attempts) for each in found} == {
        theirs.id: (other.id, Attempts(1, 0)),
        gone.id: (None, Attempts(1, 0)),
        mine.id: (group.id, Attempts(2, 1)),
        also_mine.id: (group.id, Attempts(1, 1)),
    }
    assert [each.attempts.share for each in found] == [0, 0, 0.5, 1]  # the worst first
    lines = day_numbers(session, hall, on_date=FRIDAY, since_on=TODAY, now=at("10:00"))
    assert {line.group.id: line.looks for line in lines} == {
        group.id: Attempts(3, 2),
        other.id: Attempts(1, 0),
    }
