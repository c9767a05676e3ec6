from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text

from booking.affected import ClosedTime, list_in_closed_time
from booking.book import Book, book
from booking.cancel import cancel
from booking.check_in import mark_checked_in
from booking.close import Close, Then, close
from booking.counts import booking_counts, channel_counts, release_steps
from booking.duty_flow import flow_duty
from booking.hold import HoldSlot, hold
from booking.ladder import OVERBOOKED_ABOVE
from booking.models import Number
from booking.no_show import mark_no_show
from booking.number_changes import Change, ChangeNumbers, NoSuchNumbers, ReasonMissing, change_numbers
from booking.overbooking import numbers_to_offer
from booking.publish import publish
from booking.rehouse import rehouse
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.audit import AuditEntry
from people.sample_ids import sample_resident_id
from queueing.loads import load_of
from queueing.today import today_of
from tests.booking.crowded import book_all
from tests.build import TODAY, at, make_group, make_hall, make_plan, make_service
from tests.conftest import NOW

TOMORROW = date(2026, 3, 3)


@pytest.fixture
def hall(session):
    return make_hall(session, "h1")


@pytest.fixture
def group(session, hall):
    group = make_group(session, hall)
    make_plan(session, group, counters=4, hours="09:00-17:00")
    return group


def publish_days(session, hall, until=TOMORROW):
    return publish(session, hall.id, first_on=TODAY, last_on=until, actor=SYSTEM, now=NOW)


def by_channel(session, hall, on=TODAY, now=NOW):
    return {each.channel: each for each in channel_counts(session, hall, on_date=on, now=now)}


def test_numbers_are_counted_by_channel(session, hall, group):
    publish_days(session, hall)
    before = by_channel(session, hall)
    # 12 places a slot and 16 slots: 168 of 192 are real, 101 of these for booking, 5 of these for duty.
    assert {name: each.planned for name, each in before.items()} == {"online": 96, "duty": 5, "walk_in": 67}
    assert {name: each.released for name, each in before.items()} == {"online": 96, "duty": 0, "walk_in": 0}
    service = make_service(session, group)
    hold(session, HoldSlot("h1", (service.code,), at("10:00")), actor=ANONYMOUS, now=NOW)
    book_all(session, hall, TODAY, most=10, now=NOW)
    online = by_channel(session, hall)["online"]
    assert (online.planned, online.released, online.booked, online.held, online.free) == (96, 96, 10, 1, 85)


@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.51])
def test_a_number_that_is_given_back_stays_released_until_it_is_withdrawn(session, hall, group, fraction):
    publish_days(session, hall)
    made = book_all(session, hall, TODAY, most=10, now=NOW)
    cancel(session, made[0], reason="citizen", actor=ANONYMOUS, now=NOW, fraction=fraction)
    online = by_channel(session, hall)["online"]
    assert (online.released, online.booked, online.free) == (96, 9, 87 if fraction == 0.0 else 86)
    returned = by_channel(session, hall, now=NOW + timedelta(minutes=6))["online"]
    assert (returned.released, returned.booked, returned.free) == (96, 9, 87)
    change(session, hall, group, Change.WITHDRAW, most=500)
    assert by_channel(session, hall)["online"].released == 9


def test_numbers_of_bookings_that_the_hall_moves_stay_released(session, hall, group):
    publish_days(session, hall)
    made = book_all(session, hall, TODAY, most=10, now=NOW)
    visits = list_in_closed_time(session, ClosedTime(hall.id, None, at("09:00"), at("17:00")), now=NOW)
    assert len(visits) == len(made)
    assert rehouse(session, hall, visits, move=True, actor=SYSTEM, now=NOW).moved == 10
    online = by_channel(session, hall)["online"]
    assert (online.released, online.booked) == (96, 10)


def test_bookings_are_counted_as_defined(session, hall, group):
    publish_days(session, hall)
    made = book_all(session, hall, TODAY, most=10, now=NOW)
    late, early = made[0], made[-1]
    cancel(session, late, reason="citizen", actor=ANONYMOUS, now=late.starts_at - timedelta(minutes=59))
    cancel(session, early, reason="citizen", actor=ANONYMOUS, now=early.starts_at - timedelta(minutes=60))
    cancel(session, made[1], reason="hall_closed", actor=SYSTEM, now=made[1].starts_at)
    made[2].state, made[3].state, made[4].state = "no_show", "fulfilled", "checked_in"
    session.flush()
    (found,) = booking_counts(session, hall, on_date=TODAY)
    assert (found.booked, found.to_come, found.arrived, found.handled) == (8, 4 + 0, 2, 1)
    assert (found.no_shows, found.late_cancelled, found.by_hall) == (1, 1, 1)
    assert (found.actual_rate, found.no_show_rate) == (1 / 8, 1 / 8)


def test_who_came_and_left_unserved_stays_booked_has_arrived_and_is_neither_missed_nor_the_halls(
    session, hall, group
):
    publish_days(session, hall)
    made = book_all(session, hall, TODAY, most=5, now=NOW)
    for each in made[:4]:
        mark_checked_in(session, each, actor=SYSTEM, now=each.starts_at - timedelta(minutes=20))
    cancel(session, made[0], reason="left", actor=SYSTEM, now=made[0].starts_at)
    cancel(session, made[1], reason="day_closed", actor=SYSTEM, now=made[1].starts_at)
    cancel(session, made[2], reason="citizen", actor=ANONYMOUS, now=made[2].starts_at - timedelta(minutes=1))
    mark_no_show(session, made[3], actor=SYSTEM, now=made[3].starts_at)
    mark_no_show(session, made[4], actor=SYSTEM, now=at("13:00"))
    (found,) = booking_counts(session, hall, on_date=TODAY)
    assert (found.booked, found.arrived, found.unserved) == (5, 4, 4)
    assert (found.no_shows, found.late_cancelled, found.by_hall, found.actual_rate) == (1, 0, 0, 0)


def test_a_day_closed_by_the_hall_has_no_bookings_and_no_no_shows(session, hall, group):
    publish_days(session, hall)
    made = book_all(session, hall, TODAY, most=10, now=NOW)
    command = Close(None, at("09:00"), at("17:00"), "停电", then=Then.CANCEL)
    close(session, hall, command, actor=SYSTEM, now=NOW)
    (found,) = booking_counts(session, hall, on_date=TODAY)
    assert (found.booked, found.by_hall, found.no_shows, found.actual_rate) == (0, len(made), 0, None)


def test_the_steps_of_the_ladder_are_those_written_in_the_numbers(session, hall, group):
    on = date(2026, 3, 11)
    publish_days(session, hall, until=on)
    steps = release_steps(session, hall, on_date=on)
    assert [(each.release_at, each.count) for each in steps] == [
        (at("08:00"), 51),
        (at("08:00", date(2026, 3, 6)), 30),
        (at("18:00", date(2026, 3, 10)), 15),
    ]
    assert {each.booked for each in steps} == {0}


def change(session, hall, group, what, *, most=3, on=TODAY, reason="fewer_staff"):
    command = ChangeNumbers(group.id, on, what, most, reason)
    return change_numbers(session, hall, command, actor=SYSTEM, now=NOW)


@pytest.mark.parametrize(
    ("what", "ways"),
    [
        (Change.DUTY_TO_ONLINE, ("duty", "online")),
        (Change.DUTY_TO_WALK_IN, ("duty", "walk_in")),
        (Change.ONLINE_TO_WALK_IN, ("online", "walk_in")),
        (Change.WALK_IN_TO_ONLINE, ("walk_in", "online")),
    ],
)
def test_numbers_go_from_one_channel_to_another(session, hall, group, what, ways):
    loses, gains = ways
    publish_days(session, hall)
    before = by_channel(session, hall)
    assert change(session, hall, group, what) == 3
    after = by_channel(session, hall)
    assert (after[loses].planned, after[gains].planned) == (
        before[loses].planned - 3,
        before[gains].planned + 3,
    )
    assert after["online"].released == after["online"].planned
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "numbers.change")).one()
    assert (entry.details["change"], entry.details["count"]) == (str(what), 3)
    assert entry.details["reason"] == "fewer_staff"


def test_no_more_numbers_change_than_were_asked_for_however_the_server_goes_about_it(session, hall, group):
    publish_days(session, hall)
    for way in ("hashagg", "hashjoin", "mergejoin", "material", "sort"):
        session.execute(text(f"SET LOCAL enable_{way} = off"))
    assert change(session, hall, group, Change.DUTY_TO_ONLINE, most=3) == 3


def test_withdrawn_numbers_stay_withdrawn_over_the_night_and_can_be_released_again(session, hall, group):
    publish_days(session, hall)
    assert change(session, hall, group, Change.WITHDRAW, most=10) == 10
    assert publish_days(session, hall) == 0
    assert (by_channel(session, hall)["online"].released, by_channel(session, hall)["online"].planned) == (
        86,
        96,
    )
    assert change(session, hall, group, Change.RELEASE, most=4) == 4
    assert by_channel(session, hall)["online"].free == 90


def test_numbers_of_steps_still_to_come_are_withdrawn_after_the_released_ones(session, hall, group):
    on = date(2026, 3, 11)
    publish_days(session, hall, until=on)
    assert change(session, hall, group, Change.WITHDRAW, most=51, on=on) == 51
    online = by_channel(session, hall, on)["online"]
    assert (online.released, online.free) == (0, 0)
    assert change(session, hall, group, Change.WITHDRAW, most=500, on=on) == 45
    opened = by_channel(session, hall, on, now=at("19:00", date(2026, 3, 10)))["online"]
    assert (opened.planned, opened.released, opened.free) == (96, 0, 0)
    assert publish_days(session, hall, until=on) == 0
    assert change(session, hall, group, Change.RELEASE, most=500, on=on) == 96


def test_numbers_are_released_before_their_time(session, hall, group):
    on = date(2026, 3, 11)
    publish_days(session, hall, until=on)
    assert by_channel(session, hall, on)["online"].free == 51
    assert change(session, hall, group, Change.RELEASE, most=500, on=on) == 45
    assert by_channel(session, hall, on)["online"].free == 96


def test_booked_and_held_numbers_are_never_touched(session, hall, group):
    publish_days(session, hall)
    service = make_service(session, group)
    book_all(session, hall, TODAY, most=90, now=NOW)
    hold(session, HoldSlot("h1", (service.code,), at("16:30")), actor=ANONYMOUS, now=NOW)
    assert change(session, hall, group, Change.WITHDRAW, most=500) == 5
    counts = by_channel(session, hall)["online"]
    assert (counts.booked, counts.held, counts.free) == (90, 1, 0)
    with pytest.raises(NoSuchNumbers):
        change(session, hall, group, Change.WITHDRAW)


@pytest.mark.parametrize("reason", ["", " ", "给张三 13800138000 留的"])
def test_a_change_by_hand_needs_a_reason_of_the_list_and_no_free_text_reaches_the_audit(
    session, hall, group, reason
):
    publish_days(session, hall)
    with pytest.raises(ReasonMissing):
        change(session, hall, group, Change.WITHDRAW, reason=reason)
    written = session.scalars(select(AuditEntry).where(AuditEntry.action == "numbers.change")).all()
    assert written == []


def test_unused_duty_numbers_flow_to_walk_ins_at_the_hour_and_admission_sees_it(session, hall, group):
    publish_days(session, hall)

    def expected(now):
        return sum(
            each.numbers
            for each in load_of(session, today_of(session, hall.id, now=now), group, now=now).expected
        )

    assert expected(at("09:50")) == 5
    assert flow_duty(session, now=at("09:59")) == 0
    left = by_channel(session, hall)["duty"].planned
    flowed = flow_duty(session, now=at("10:00"))
    past = session.scalar(
        select(func.count(Number.id)).where(Number.channel == "duty", Number.on_date == TODAY)
    )
    assert flowed + past == left == 5
    assert flowed > 0
    assert flow_duty(session, now=at("10:15")) == 0
    assert expected(at("10:15")) == 0
    assert by_channel(session, hall, TOMORROW)["duty"].planned == 5


def test_overbooking_is_off_unless_the_hall_says_how_many_come(session, hall, group):
    publish_days(session, hall)
    assert session.scalar(select(func.max(Number.ordinal))) < OVERBOOKED_ABOVE


def test_overbooked_places_are_counted_apart_within_their_limit_and_come_last(session, hall, group):
    hall.policy = {"booking": {"show_probability": 0.8}}
    session.flush()
    on = date(2026, 3, 11)
    publish_days(session, hall, until=on)
    online = by_channel(session, hall, on)["online"]
    assert 0 < online.overbooked <= 0.25 * (online.planned - online.overbooked)
    slots = session.execute(
        select(
            func.count().filter(Number.channel != "walk_in", Number.ordinal <= OVERBOOKED_ABOVE),
            func.count().filter(Number.channel == "walk_in"),
            func.count().filter(Number.ordinal > OVERBOOKED_ABOVE),
        )
        .where(Number.on_date == on)
        .group_by(Number.slot_id)
    ).all()
    for quota, reserve, extra in slots:
        assert quota + extra == numbers_to_offer(quota, show_probability=0.8, reserve=reserve)
    released = select(Number.released_at).where(Number.ordinal > OVERBOOKED_ABOVE, Number.on_date == on)
    assert set(session.scalars(released)) == {at("18:00", date(2026, 3, 10))}
    assert publish_days(session, hall, until=on) == 0
    hall.policy = {}
    session.flush()
    publish_days(session, hall, until=on)
    assert by_channel(session, hall, on)["online"].overbooked == 0


def test_a_booking_of_an_overbooked_place_is_not_lost(session, hall, group):
    hall.policy = {"booking": {"show_probability": 0.8}}
    session.flush()
    publish_days(session, hall)
    service = make_service(session, group)
    total = by_channel(session, hall)["online"].planned
    book_all(session, hall, TODAY, most=total - 1, now=NOW)
    held = hold(session, HoldSlot("h1", (service.code,), at("16:30")), actor=ANONYMOUS, now=NOW)
    command = Book(held.token, "张三", "resident_id", sample_resident_id(1), "+8613800138000", "zh")
    booked = book(session, command, actor=ANONYMOUS, now=NOW)
    hall.policy = {}
    session.flush()
    publish_days(session, hall)
    assert session.scalars(select(Number.id).where(Number.appointment_id == booked.id)).one()
