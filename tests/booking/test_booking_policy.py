import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking import policy
from booking.policy import BookingPolicy, Punctuality
from booking.policy_data import LIMITS, BookingPolicyInvalid
from halls.workdays import Calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
DEFAULT = BookingPolicy()
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=SHANGHAI).astimezone(UTC)  # a Monday


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def bookable(starts_at, *, now=NOW, of=DEFAULT, calendar=None):
    policy.ensure_bookable(starts_at, now=now, policy=of, calendar=calendar or Calendar(), tz=SHANGHAI)


def test_accepts_a_slot_between_lead_time_and_horizon():
    bookable(NOW + timedelta(minutes=30))
    bookable(local("2026-03-11T16:30"))


@pytest.mark.parametrize("minutes", [-1440, -1, 0])
def test_refuses_a_slot_that_has_begun(minutes):
    with pytest.raises(policy.InPast):
        bookable(NOW + timedelta(minutes=minutes))


def test_refuses_a_slot_inside_the_lead_time():
    with pytest.raises(policy.InsideLeadTime) as refused:
        bookable(NOW + timedelta(minutes=29, seconds=59))
    assert "30" in refused.value.sentence("zh")


def test_refuses_a_slot_beyond_the_horizon_and_says_how_far_it_reaches():
    with pytest.raises(policy.BeyondHorizon) as refused:
        bookable(local("2026-03-12T09:00"))
    assert refused.value.params == {"last_on": "2026-03-11"}


def test_a_new_date_opens_at_eight_together_with_its_first_release():
    early = NOW - timedelta(seconds=1)
    assert policy.last_bookable_on(early, policy=DEFAULT, calendar=Calendar(), tz=SHANGHAI) == date(
        2026, 3, 10
    )
    assert policy.last_bookable_on(NOW, policy=DEFAULT, calendar=Calendar(), tz=SHANGHAI) == date(2026, 3, 11)


def test_holidays_stretch_the_horizon_until_its_calendar_days_end_it():
    off = Calendar().with_exceptions({date(2026, 3, 3) + timedelta(days=n): False for n in range(60)})
    assert policy.last_bookable_on(NOW, policy=DEFAULT, calendar=off, tz=SHANGHAI) == date(2026, 4, 1)


def test_the_date_is_that_of_the_hall_not_of_utc():
    late = local("2026-03-02T23:30")
    nine = BookingPolicy(horizon_working_days=1)
    bookable(local("2026-03-03T07:00"), now=late, of=nine)
    with pytest.raises(policy.BeyondHorizon):
        bookable(local("2026-03-04T07:00"), now=late, of=nine)


def test_one_open_appointment_per_group_and_day_and_a_cap_in_all():
    policy.ensure_room_for_another(4, 0, policy=DEFAULT)
    with pytest.raises(policy.TooManyOpen):
        policy.ensure_room_for_another(5, 0, policy=DEFAULT)
    with pytest.raises(policy.AlreadyBookedThatDay):
        policy.ensure_room_for_another(1, 1, policy=DEFAULT)


def days_ago(*days):
    return [NOW - timedelta(days=each) for each in days]


def test_three_no_shows_in_ninety_days_suspend_for_thirty():
    standing = policy.no_show_standing(days_ago(60, 20, 1), now=NOW, policy=DEFAULT)
    assert standing.suspended_until == NOW + timedelta(days=29)
    with pytest.raises(policy.SuspendedForNoShows) as refused:
        policy.ensure_not_suspended(days_ago(60, 20, 1), now=NOW, policy=DEFAULT, tz=SHANGHAI)
    assert refused.value.params["until"] == "2026-03-31 08:00"
    assert "申诉" in refused.value.sentence("zh")


@pytest.mark.parametrize(
    ("days", "counted"),
    [((), 0), ((1,), 1), ((20, 1), 2), ((91, 20, 1), 2), ((95, 91, 1), 1), ((200, 100), 0)],
)
def test_fewer_or_older_no_shows_do_not_suspend(days, counted):
    standing = policy.no_show_standing(days_ago(*days), now=NOW, policy=DEFAULT)
    assert (standing.counted, standing.suspended_until) == (counted, None)
    policy.ensure_not_suspended(days_ago(*days), now=NOW, policy=DEFAULT, tz=SHANGHAI)


def test_a_suspension_ends_in_its_second_and_settles_what_led_to_it():
    missed = days_ago(50, 40, 30)
    assert policy.no_show_standing(missed, now=NOW, policy=DEFAULT).suspended_until is None
    just_before = NOW - timedelta(seconds=1)
    assert policy.no_show_standing(missed, now=just_before, policy=DEFAULT).suspended_until == NOW
    again = policy.no_show_standing([*missed, *days_ago(1)], now=NOW, policy=DEFAULT)
    assert (again.counted, again.suspended_until) == (1, None)


def test_slots_that_have_not_begun_are_no_no_shows():
    assert policy.no_show_standing([NOW + timedelta(days=1)] * 3, now=NOW, policy=DEFAULT).counted == 0


def test_a_cancellation_less_than_an_hour_ahead_counts_as_a_no_show():
    starts = local("2026-03-02T10:00")
    assert not policy.counts_as_no_show(starts, cancelled_at=local("2026-03-02T09:00"), policy=DEFAULT)
    assert policy.counts_as_no_show(starts, cancelled_at=local("2026-03-02T09:00:01"), policy=DEFAULT)


def test_cancelling_is_possible_until_the_slot_begins():
    starts = local("2026-03-02T10:00")
    policy.ensure_cancellable(starts, now=starts - timedelta(seconds=1))
    with pytest.raises(policy.CancellationTooLate):
        policy.ensure_cancellable(starts, now=starts)


@pytest.mark.parametrize(
    ("at", "found"),
    [
        ("09:30", Punctuality.ON_TIME),
        ("10:15", Punctuality.ON_TIME),
        ("10:15:01", Punctuality.LATE),
        ("23:59", Punctuality.LATE),
    ],
)
def test_check_in_is_open_from_half_an_hour_before_until_the_end_of_the_day(at, found):
    now = local(f"2026-03-02T{at}")
    starts = local("2026-03-02T10:00")
    assert policy.ensure_can_check_in(starts, now=now, policy=DEFAULT, tz=SHANGHAI) is found


def test_only_staff_check_in_earlier():
    starts, now = local("2026-03-02T10:00"), local("2026-03-02T09:29:59")
    with pytest.raises(policy.CheckInTooEarly) as refused:
        policy.ensure_can_check_in(starts, now=now, policy=DEFAULT, tz=SHANGHAI)
    assert refused.value.params == {"opens": "09:30"}
    found = policy.ensure_can_check_in(starts, now=now, policy=DEFAULT, tz=SHANGHAI, by_staff=True)
    assert found is Punctuality.EARLY


@pytest.mark.parametrize("now", ["2026-03-01T23:59:59", "2026-03-03T00:00"])
def test_nobody_checks_in_on_another_day(now):
    with pytest.raises(policy.CheckInOnAnotherDay):
        policy.ensure_can_check_in(
            local("2026-03-02T00:10"), now=local(now), policy=DEFAULT, tz=SHANGHAI, by_staff=True
        )


@pytest.mark.parametrize(
    ("minutes", "unit", "numbers"),
    [(0, 11, 1), (1, 11, 1), (11, 11, 1), (12, 11, 2), (45, 15, 3), (46, 15, 4)],
)
def test_a_service_takes_as_many_numbers_as_its_minutes_need(minutes, unit, numbers):
    assert policy.numbers_needed(minutes, unit) == numbers


@pytest.mark.parametrize(("minutes", "unit"), [(-1, 10), (10, 0)])
def test_refuses_minutes_that_cannot_be(minutes, unit):
    with pytest.raises(ValueError, match="minute"):
        policy.numbers_needed(minutes, unit)


def test_an_empty_mapping_is_the_default_and_data_survives_json():
    assert BookingPolicy.from_mapping({}) == DEFAULT
    stored = json.loads(json.dumps(DEFAULT.as_mapping()))
    assert BookingPolicy.from_mapping(stored) == DEFAULT
    assert stored["lead_time_minutes"] == 30
    assert stored["suspension_days"] == 30
    assert stored["ladder"]["duty_share"] == 0.05


def test_reads_what_a_hall_sets():
    read = BookingPolicy.from_mapping(
        {
            "hold_minutes": 15,
            "beta": 0.7,
            "booking_opens": "07:30",
            "max_open_appointments": 2,
            "ladder": {"rungs": [{"share": 1, "working_days_before": 2, "at": "09:00"}], "duty_share": 0},
        }
    )
    assert (read.hold, read.beta, read.booking_opens) == (timedelta(minutes=15), Decimal("0.7"), time(7, 30))
    assert read.ladder.rungs[0].working_days_before == 2


@given(st.integers(1, 60), st.integers(0, 95), st.integers(1, 366), st.integers(0, 1439))
@settings(max_examples=50)
def test_writing_and_reading_undo_each_other(hold, beta, days, opens):
    made = BookingPolicy(
        hold=timedelta(minutes=hold),
        beta=Decimal(beta) / 100,
        no_show_window=timedelta(days=days),
        booking_opens=time(*divmod(opens, 60)),
    )
    assert BookingPolicy.from_mapping(json.loads(json.dumps(made.as_mapping()))) == made


@pytest.mark.parametrize(
    "values",
    [
        {"unheard_of": 1},
        {"hold_minutes": 0},
        {"hold_minutes": 61},
        {"hold_minutes": "ten"},
        {"hold_minutes": True},
        {"hold_minutes": 1.5},
        {"hold_minutes": 10**30},
        {"hold": 10},
        {"beta": 2},
        {"beta": "0.6"},
        {"beta": float("nan")},
        {"eta": 0.1},
        {"booking_opens": "8 o'clock"},
        {"booking_opens": 8},
        {"booking_opens": "08:00+08:00"},
        {"ladder": []},
        {"ladder": {"rungs": [], "duty_share": 1}},
        {"ladder": {"rungs": [{"share": 0.5}], "duty_share": 0.5}},
        {"ladder": {"rungs": "x", "duty_share": 0.5}},
        {"ladder": {"rungs": [{"share": 0.5, "working_days_before": 7, "at": "08:00"}], "duty_share": 0.4}},
        {"max_open_appointments": None},
    ],
)
def test_refuses_data_that_makes_no_sense_and_names_it(values):
    with pytest.raises(BookingPolicyInvalid) as refused:
        BookingPolicy.from_mapping(values)
    name = next(iter(values))
    assert name in refused.value.sentence("zh")
    assert name in refused.value.sentence("en")


def test_every_limit_belongs_to_a_field_and_the_defaults_keep_them():
    assert set(LIMITS) <= set(BookingPolicy.__dataclass_fields__)
    with pytest.raises(BookingPolicyInvalid):
        BookingPolicy(lead_time=timedelta(days=30))
