from datetime import date, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from halls.models import Closure, PlanLine
from halls.opening import opening_days, spans_of
from tests.build import at, make_group, make_hall, make_plan

MONDAY, SATURDAY = date(2026, 3, 2), date(2026, 3, 7)
STRETCHES = st.lists(st.tuples(st.integers(0, 1439), st.integers(0, 1439)), max_size=6)


def days_of(session, hall, *groups):
    return opening_days(session, hall, groups, first_on=MONDAY)


def add(session, *rows):
    session.add_all(rows)
    session.flush()


@given(STRETCHES, STRETCHES)
def test_hours_are_exactly_what_is_planned_and_not_closed(planned, closed):
    planned = [(min(each), max(each)) for each in planned]
    closed = [(min(each), max(each)) for each in closed]
    spans = spans_of(planned, closed)
    for minute in range(0, 1440, 7):
        wanted = any(a <= minute < b for a, b in planned) and not any(a <= minute < b for a, b in closed)
        assert any(a <= minute < b for a, b in spans) == wanted
    assert all(before[1] < after[0] for before, after in pairwise(spans))


def test_the_week_is_told_with_its_rest(session):
    hall = make_hall(session)
    group = make_group(session, hall)
    make_plan(session, group)
    week = days_of(session, hall, group)
    assert [day.hours[group.id] for day in week] == [[(time(9), time(17))]] * 5 + [[], []]
    assert week[0].is_open(group.id, time(16, 59))
    assert not week[0].is_open(group.id, time(17))
    assert week[0].opens_later(group.id, time(8)) == time(9)
    assert week[0].opens_later(group.id, time(9)) is None


def test_lines_with_the_same_hours_are_named_together(session):
    hall = make_hall(session)
    one, two, other = (make_group(session, hall, letter) for letter in "ABC")
    make_plan(session, one)
    make_plan(session, two)
    make_plan(session, other, hours="09:00-12:00")
    assert days_of(session, hall, one, two, other)[0].together == [
        ([one.id, two.id], [(time(9), time(17))]),
        ([other.id], [(time(9), time(12))]),
    ]


def test_a_closure_is_cut_out_and_told(session):
    hall = make_hall(session)
    group = make_group(session, hall)
    make_plan(session, group)
    add(session, Closure(hall_id=hall.id, starts_at=at("12:00"), ends_at=at("13:30"), reason_zh="停电"))
    today = days_of(session, hall, group)[0]
    assert today.hours[group.id] == [(time(9), time(12)), (time(13, 30), time(17))]
    assert [(each.closure.reason_zh, each.span) for each in today.closures] == [("停电", "12:00–13:30")]


def test_a_closure_of_several_days_is_told_on_each_with_what_it_takes_of_it(session):
    hall = make_hall(session)
    group = make_group(session, hall)
    make_plan(session, group)
    ends = at("12:00") + timedelta(days=2)
    add(session, Closure(hall_id=hall.id, starts_at=at("14:00"), ends_at=ends, reason_zh="停电"))
    days = days_of(session, hall, group)
    told = [[(each.span, each.all_day) for each in day.closures] for day in days[:4]]
    assert told == [[("14:00–24:00", False)], [("00:00–24:00", True)], [("00:00–12:00", False)], []]
    assert [day.hours[group.id] for day in days[:3]] == [
        [(time(9), time(14))],
        [],
        [(time(12), time(17))],
    ]


def test_a_closure_that_takes_nothing_of_the_plan_is_not_told(session):
    hall = make_hall(session)
    group, resting = make_group(session, hall), make_group(session, hall, "B")
    make_plan(session, group)
    sunday = at("09:00") + timedelta(days=6)
    evening = {"hall_id": hall.id, "starts_at": at("17:00"), "ends_at": at("19:00")}
    add(session, Closure(hall_id=hall.id, starts_at=sunday, ends_at=sunday + timedelta(hours=3)))
    add(session, Closure(**evening))
    add(session, Closure(hall_id=hall.id, group_id=resting.id, starts_at=at("09:00"), ends_at=at("10:00")))
    assert [day.closures for day in days_of(session, hall, group, resting)] == [[]] * 7


def test_a_session_in_the_hall_opens_it_and_one_elsewhere_does_not(session):
    hall = make_hall(session)
    group = make_group(session, hall)
    facts = {
        "group_id": group.id, "on_date": SATURDAY, "kind": "extra", "starts": time(9), "ends": time(12),
        "counters": 1,
    }  # fmt: skip
    add(session, PlanLine(**facts, session="weekend"))
    saturday = days_of(session, hall, group)[5]
    assert saturday.hours[group.id] == [(time(9), time(12))]
    assert [each.name_zh for each in saturday.sessions] == ["周末加考"]
    session.query(PlanLine).delete()
    add(session, PlanLine(**facts, session="mobile", place_zh="柳下村", place_en="Liuxia"))
    saturday = days_of(session, hall, group)[5]
    assert saturday.hours[group.id] == []
    assert saturday.sessions[0].place_zh == "柳下村"
