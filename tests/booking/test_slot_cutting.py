import itertools
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.slot_cutting import (
    Closed,
    CutSlot,
    PlanLineImpossible,
    PlannedLine,
    Quota,
    cut_slots,
    quota,
    quotas,
)
from booking.slot_places import Place

SHANGHAI = ZoneInfo("Asia/Shanghai")
ON = date(2026, 3, 2)
MINUTE = timedelta(minutes=1)


def line(starts, ends, counters="1"):
    return PlannedLine(time.fromisoformat(starts), time.fromisoformat(ends), Decimal(counters))


def shut(starts, ends, tz=SHANGHAI, on=ON):
    return Closed(*(datetime.combine(on, time.fromisoformat(each), tz) for each in (starts, ends)))


def shown(slots, tz=SHANGHAI):
    return [
        (f"{s.starts_at.astimezone(tz):%H:%M}", f"{s.ends_at.astimezone(tz):%H:%M}", float(s.counters))
        for s in slots
    ]


def test_cuts_opening_hours_into_half_hours_in_utc():
    slots = cut_slots(ON, [line("09:00", "10:30", "4"), line("13:30", "14:00", "2")], tz=SHANGHAI)
    assert shown(slots) == [
        ("09:00", "09:30", 4),
        ("09:30", "10:00", 4),
        ("10:00", "10:30", 4),
        ("13:30", "14:00", 2),
    ]
    assert slots[0].starts_at == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    assert slots[0].starts_at.tzinfo is UTC


def test_partial_half_hours_stay_on_the_halls_clock():
    assert shown(cut_slots(ON, [line("08:15", "09:10", "2")], tz=SHANGHAI)) == [
        ("08:15", "08:30", 2),
        ("08:30", "09:00", 2),
        ("09:00", "09:10", 2),
    ]


def test_counters_that_change_inside_a_slot_are_averaged():
    slots = cut_slots(ON, [line("09:00", "09:30", "2"), line("09:15", "09:30", "3")], tz=SHANGHAI)
    assert shown(slots) == [("09:00", "09:30", 3.5)]
    assert slots[0].counter_minutes == Decimal(105)


def test_shares_of_counters_stay_exact():
    slots = cut_slots(ON, [line("09:00", "09:30", "0.1")] * 10, tz=SHANGHAI)
    assert slots[0].counters == 1


def test_extra_sessions_add_and_closures_take_away_from_all():
    slots = cut_slots(
        ON,
        [line("09:00", "11:00", "2")],
        extra=[line("10:30", "12:00", "1")],
        closures=[shut("09:30", "10:00"), shut("11:20", "12:00")],
        tz=SHANGHAI,
    )
    assert shown(slots) == [
        ("09:00", "09:30", 2),
        ("10:00", "10:30", 2),
        ("10:30", "11:00", 3),
        ("11:00", "11:20", 1),
    ]


def test_a_closure_in_the_middle_of_a_slot_leaves_what_is_left():
    slots = cut_slots(ON, [line("09:00", "09:30", "2")], closures=[shut("09:10", "09:20")], tz=SHANGHAI)
    assert [(s.minutes, s.counter_minutes) for s in slots] == [(30, Decimal(40))]


def test_a_closure_over_days_leaves_nothing():
    closure = Closed(datetime(2026, 2, 1, tzinfo=SHANGHAI), datetime(2026, 4, 1, tzinfo=UTC))
    assert cut_slots(ON, [line("09:00", "17:00")], closures=[closure], tz=SHANGHAI) == []


def test_a_closure_takes_the_whole_minute_it_begins_or_ends_in():
    closure = Closed(
        datetime(2026, 3, 2, 9, 10, 30, tzinfo=SHANGHAI), datetime(2026, 3, 2, 9, 29, 1, tzinfo=SHANGHAI)
    )
    assert shown(cut_slots(ON, [line("09:00", "09:30")], closures=[closure], tz=SHANGHAI)) == [
        ("09:00", "09:10", 1)
    ]


def test_a_session_may_end_at_midnight():
    assert shown(cut_slots(ON, [line("23:30", "00:00")], tz=SHANGHAI)) == [("23:30", "00:00", 1)]


def test_nothing_planned_gives_no_slots():
    assert cut_slots(ON, [], tz=SHANGHAI) == []
    assert cut_slots(ON, [line("09:00", "10:00", "0")], tz=SHANGHAI) == []


@pytest.mark.parametrize(("starts", "ends", "counters"), [("10:00", "09:00", "1"), ("09:00", "10:00", "-1")])
def test_refuses_a_line_that_cannot_be(starts, ends, counters):
    with pytest.raises(PlanLineImpossible) as refused:
        line(starts, ends, counters)
    assert starts in refused.value.sentence("zh")


def test_a_change_of_the_clocks_makes_real_minutes():
    berlin = ZoneInfo("Europe/Berlin")
    spring = cut_slots(date(2026, 3, 29), [line("01:30", "03:30")], tz=berlin)
    assert [s.minutes for s in spring] == [30, 30]
    autumn = cut_slots(date(2026, 10, 25), [line("01:30", "03:30")], tz=berlin)
    assert [s.minutes for s in autumn] == [30] * 6


def test_half_hours_follow_the_halls_clock_where_offsets_are_odd():
    kathmandu = ZoneInfo("Asia/Kathmandu")
    assert shown(cut_slots(ON, [line("09:00", "10:00")], tz=kathmandu), kathmandu) == [
        ("09:00", "09:30", 1),
        ("09:30", "10:00", 1),
    ]


@st.composite
def planned_lines(draw):
    starts = draw(st.integers(0, 1438))
    ends = draw(st.integers(starts + 1, 1439))
    counters = Decimal(draw(st.integers(0, 6000))) / 1000
    return PlannedLine(time(*divmod(starts, 60)), time(*divmod(ends, 60)), counters)


def minutes_open(lines, closures, tz):
    """Counter-minutes of each minute, by the simplest means."""
    found = {}
    for each in lines:
        start, end = (datetime.combine(ON, wall, tz).astimezone(UTC) for wall in (each.starts, each.ends))
        while start < end:
            if not any(c.starts_at <= start < c.ends_at for c in closures):
                found[start] = found.get(start, Decimal(0)) + each.counters
            start += MINUTE
    return {at: counters for at, counters in found.items() if counters}


@given(st.lists(planned_lines(), max_size=4), st.lists(planned_lines(), max_size=2))
@settings(max_examples=60, deadline=None)
def test_slots_are_half_open_disjoint_and_cover_exactly_the_open_minutes(lines, closing):
    closures = [shut(f"{c.starts:%H:%M}", f"{c.ends:%H:%M}") for c in closing]
    slots = cut_slots(ON, lines, closures=closures, tz=SHANGHAI)
    minutes = minutes_open(lines, closures, SHANGHAI)
    assert sum((s.counter_minutes for s in slots), Decimal(0)) == sum(minutes.values(), Decimal(0))
    for before, after in itertools.pairwise(slots):
        assert before.ends_at <= after.starts_at
    for slot in slots:
        assert 0 < slot.minutes <= 30
        inside = {at: count for at, count in minutes.items() if slot.starts_at <= at < slot.ends_at}
        assert sum(inside.values(), Decimal(0)) == slot.counter_minutes
        assert slot.starts_at in inside
        assert slot.ends_at - MINUTE in inside
        cell = slot.starts_at.replace(minute=slot.starts_at.minute // 30 * 30)
        assert slot.ends_at <= cell + 30 * MINUTE


def test_the_quota_follows_the_formula():
    # Ten counters for half an hour, 11 minutes a case: K = 27.27, ⌊.60·.88·K⌋ = 14, ⌊.88·K⌋ = 24.
    assert quota(Decimal(300), unit_minutes=11) == Quota(online=14, walk_in=10)


def test_the_quota_never_loses_a_place_to_rounding():
    # 25 counters, 11 minutes: β·η·K is 36 exactly.
    assert quota(Decimal(750), unit_minutes=11).online == 36


@given(
    st.lists(st.integers(1, 20_000), max_size=20), st.integers(1, 120), st.sampled_from(["0", "0.6", "0.95"])
)
@settings(max_examples=150, deadline=None)
def test_carrying_fractions_loses_less_than_one_number_a_day_and_never_runs_ahead(thousandths, unit, beta):
    start = datetime(2026, 3, 2, 1, tzinfo=UTC)
    slots = [
        CutSlot(start + n * 30 * MINUTE, start + (n + 1) * 30 * MINUTE, Decimal(each * 30) / 1000)
        for n, each in enumerate(thousandths)
    ]
    found = quotas(slots, unit_minutes=unit, beta=Decimal(beta))
    places, online, walk_in = Decimal(0), 0, 0
    for slot, each in zip(slots, found, strict=True):
        places += Decimal("0.88") * slot.counter_minutes / unit
        online += each.online
        walk_in += each.walk_in
        assert min(each.online, each.walk_in) >= 0
        assert online <= Decimal(beta) * places + Decimal("1e-9")
        assert online > Decimal(beta) * places - 1 - Decimal("1e-9")
        assert online + walk_in <= places + 1
        assert online + walk_in > places - 1 - Decimal("1e-9")


def test_a_slow_line_with_one_counter_still_has_numbers():
    slots = cut_slots(ON, [line("09:00", "17:00")], tz=SHANGHAI)
    assert quota(slots[0].counter_minutes, unit_minutes=20).online == 0
    day = quotas(slots, unit_minutes=20)
    assert sum(each.online for each in day) == 12
    assert max(each.online for each in day) == 1


def test_refuses_a_unit_without_minutes():
    with pytest.raises(ValueError, match="unit"):
        quota(Decimal(300), unit_minutes=0)


VILLAGE = Place("东岭村", "Dongling")


def test_a_slot_has_one_place_and_is_cut_where_the_place_changes():
    elsewhere = PlannedLine(time(10, 10), time(11), Decimal(1), VILLAGE)
    slots = cut_slots(ON, [line("09:30", "10:10", "3")], tz=SHANGHAI, extra=[elsewhere])
    told = [
        (f"{each.starts_at.astimezone(SHANGHAI):%H:%M}", each.place.name_zh, each.minutes) for each in slots
    ]
    assert told == [("09:30", "", 30), ("10:00", "", 10), ("10:10", "东岭村", 20), ("10:30", "东岭村", 30)]


def test_while_a_session_is_held_elsewhere_its_own_counters_alone_count():
    elsewhere = PlannedLine(time(10), time(11), Decimal(1), VILLAGE)
    slots = cut_slots(ON, [line("09:30", "11:30", "3")], tz=SHANGHAI, extra=[elsewhere])
    assert [(each.place.name_zh, each.counters) for each in slots] == [
        ("", 3), ("东岭村", 1), ("东岭村", 1), ("", 3),
    ]  # fmt: skip


def test_what_is_left_over_in_one_place_gives_no_number_in_another():
    here, there = line("09:00", "09:30", "1"), PlannedLine(time(9, 30), time(10), Decimal(1), VILLAGE)
    alone = quotas(cut_slots(ON, [], tz=SHANGHAI, extra=[there]), unit_minutes=20)
    both = quotas(cut_slots(ON, [here], tz=SHANGHAI, extra=[there]), unit_minutes=20)
    assert both[1:] == alone
    together = quotas(cut_slots(ON, [here, line("09:30", "10:00", "1")], tz=SHANGHAI), unit_minutes=20)
    assert together[1:] != alone
