from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.ladder import (
    DEFAULT_LADDER,
    Channel,
    Ladder,
    Rung,
    apportion,
    plan_numbers,
    releases_of,
    returned_at,
)
from booking.slot_cutting import Quota
from halls.workdays import Calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
ON = date(2026, 3, 11)  # a Wednesday
RELEASES = releases_of(ON, calendar=Calendar(), tz=SHANGHAI)
DUTY = DEFAULT_LADDER.duty_share


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def plan(quotas):
    return plan_numbers(quotas, RELEASES, duty_share=DUTY)


def test_releases_seven_three_and_one_working_days_ahead():
    assert [(each.release_at, each.share) for each in RELEASES] == [
        (local("2026-03-02T08:00"), Decimal("0.50")),
        (local("2026-03-06T08:00"), Decimal("0.30")),
        (local("2026-03-10T18:00"), Decimal("0.15")),
    ]


def test_holidays_move_the_releases():
    off = Calendar().with_exceptions({date(2026, 3, 10): False, date(2026, 3, 7): True})
    eve = releases_of(ON, calendar=off, tz=SHANGHAI)[-1]
    assert eve.release_at == local("2026-03-09T18:00")
    saturday = releases_of(date(2026, 3, 7), calendar=Calendar(), tz=SHANGHAI)[-1]
    assert saturday.release_at == local("2026-03-06T18:00")


def test_a_day_of_a_hundred_numbers_follows_the_shares_exactly():
    numbers = plan([Quota(10, 4)] * 10)
    released = Counter(each.released_at for each in numbers if each.channel is Channel.ONLINE)
    assert [released[each.release_at] for each in RELEASES] == [50, 30, 15]
    assert Counter(each.channel for each in numbers) == {
        Channel.ONLINE: 95,
        Channel.DUTY: 5,
        Channel.WALK_IN: 40,
    }


def test_every_slot_has_its_part_of_every_large_rung():
    numbers = plan([Quota(10, 0)] * 16)
    for slot in range(16):
        mine = Counter(each.released_at for each in numbers if each.slot_index == slot)
        assert [mine[each.release_at] for each in RELEASES[:2]] == [5, 3]


def test_thin_slots_are_not_released_from_morning_to_evening():
    numbers = plan([Quota(1, 0)] * 16)
    early = [each.slot_index for each in numbers if each.released_at == RELEASES[0].release_at]
    assert len(early) == 8
    assert 3 <= sum(index < 8 for index in early) <= 5


def test_the_smallest_day_still_releases_its_only_number_early():
    assert [each.released_at for each in plan([Quota(1, 0)])] == [RELEASES[0].release_at]
    assert plan([]) == []


QUOTAS = st.lists(st.builds(Quota, st.integers(0, 12), st.integers(0, 8)), max_size=24)


@given(QUOTAS)
@settings(max_examples=150, deadline=None)
def test_shares_add_up_over_the_day_and_ordinals_have_no_gap(quotas):
    numbers = plan(quotas)
    online = sum(each.online for each in quotas)
    by_rung = [sum(each.released_at == release.release_at for each in numbers) for release in RELEASES] + [
        sum(each.channel is Channel.DUTY for each in numbers)
    ]
    assert sum(by_rung) == online
    for share, count in zip([*(each.share for each in RELEASES), DUTY], by_rung, strict=True):
        assert abs(count - share * online) < 1
    for index, each in enumerate(quotas):
        ordinals = [number.ordinal for number in numbers if number.slot_index == index]
        assert ordinals == list(range(1, each.online + each.walk_in + 1))
    for number in numbers:
        assert (number.released_at is None) == (number.channel is not Channel.ONLINE)


@given(QUOTAS)
@settings(max_examples=30, deadline=None)
def test_the_same_plan_gives_the_same_numbers(quotas):
    assert plan(quotas) == plan(list(quotas))


@given(st.integers(0, 5000), st.lists(st.integers(1, 100), min_size=1, max_size=6))
@settings(max_examples=150)
def test_apportioning_adds_up_and_stays_within_one(total, weights):
    shares = [Decimal(weight) / Decimal(1000) for weight in weights]
    shares.append(1 - sum(shares))
    found = apportion(total, shares)
    assert sum(found) == total
    assert all(abs(count - share * total) < 1 for count, share in zip(found, shares, strict=True))


@pytest.mark.parametrize(
    ("rungs", "duty"),
    [
        ([], "1"),
        ([("0.5", 7, 8)], "0.4"),
        ([("0.5", 3, 8), ("0.5", 7, 8)], "0"),
        ([("1.1", 7, 8)], "-0.1"),
        ([("1", -1, 8)], "0"),
    ],
)
def test_refuses_a_ladder_that_is_not_a_whole_or_out_of_order(rungs, duty):
    with pytest.raises(ValueError, match="ladder"):
        Ladder(tuple(Rung(Decimal(s), days, time(hour)) for s, days, hour in rungs), Decimal(duty))


@given(st.floats(0, 1, exclude_max=True))
@settings(max_examples=50)
def test_a_cancelled_number_returns_within_ten_minutes(fraction):
    now = local("2026-03-02T09:00")
    assert now <= returned_at(now, fraction=fraction) <= now + timedelta(minutes=10)


def test_refuses_a_fraction_outside_its_range():
    with pytest.raises(ValueError, match="fraction"):
        returned_at(local("2026-03-02T09:00"), fraction=1.0)
