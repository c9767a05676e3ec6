from dataclasses import replace
from datetime import date, time

import pytest

from halls.conflicts import find_conflicts
from halls.plan_file import CityFileInvalid, hall_from_data
from halls.plan_history import as_data
from halls.plan_rows import ClosureRow, ExtraRow, PlanRow, SeasonRow
from tests.halls.test_edit import PLAN

SUMMER = SeasonRow(
    "暑期", "Summer", date(2026, 7, 1), date(2026, 8, 31), (PlanRow("A", (1,), time(8), time(12), 1),)
)
PLAIN = replace(PLAN, extras=(), closures=())


def kinds(plan):
    return [(conflict.kind, conflict.where, conflict.serious) for conflict in find_conflicts(plan)]


def extra(starts, ends, *, counters=1.0, session="", place_zh="", kind="extra"):
    return ExtraRow("A", date(2026, 3, 7), kind, time(starts), time(ends), counters, session, place_zh)


def test_a_sound_plan_has_none():
    assert kinds(replace(PLAN, seasons=(SUMMER,))) == []


def test_seasons_must_not_overlap_even_by_a_day():
    autumn = replace(SUMMER, name_zh="秋季", first_on=SUMMER.last_on, last_on=date(2026, 9, 30))
    assert kinds(replace(PLAIN, seasons=(SUMMER, autumn))) == [("season_overlap", "seasons[2]", True)]
    later = replace(autumn, first_on=date(2026, 9, 1))
    assert kinds(replace(PLAIN, seasons=(SUMMER, later))) == []


def test_a_season_may_not_need_more_than_the_counters_give():
    greedy = replace(SUMMER, plan=(PlanRow("A", (1,), time(8), time(12), 2.5),))
    found = find_conflicts(replace(PLAIN, seasons=(greedy,)))
    assert [(each.kind, each.where) for each in found] == [("counters_short", "seasons[1]")]
    assert "星期一 08:00 共需 2.5 个窗口" in found[0].zh


def test_an_extra_session_may_not_need_more_either():
    assert kinds(replace(PLAIN, extras=(extra(9, 11, counters=2.5),))) == [("counters_short", "extras", True)]
    assert kinds(replace(PLAIN, extras=(extra(9, 11, counters=2.5, session="mobile", place_zh="村"),))) == []


def test_a_mobile_session_beside_the_hours_in_the_hall_is_refused():
    monday = replace(extra(11, 13, session="mobile", place_zh="东岭村村委会"), on_date=date(2026, 3, 2))
    assert kinds(replace(PLAIN, extras=(monday,))) == [("mobile_overlap", "extras[1]", True)]
    away = replace(extra(9, 12, counters=0.0, kind="replace"), on_date=date(2026, 3, 2))
    assert kinds(replace(PLAIN, extras=(monday, away))) == []


def test_two_villages_at_the_same_time_are_refused_and_two_sessions_of_one_are_pointed_out():
    one = extra(9, 11, session="mobile", place_zh="东岭村村委会")
    other = replace(one, starts=time(10), ends=time(12))
    elsewhere = replace(other, place_zh="西岭村村委会")
    assert kinds(replace(PLAIN, extras=(one, other))) == [("session_overlap", "extras[2]", False)]
    assert kinds(replace(PLAIN, extras=(one, elsewhere))) == [
        ("mobile_overlap", "extras[1]", True),
        ("mobile_overlap", "extras[2]", True),
        ("session_overlap", "extras[2]", False),
    ]


def test_sessions_lines_and_closures_that_overlap_are_pointed_out_but_not_refused():
    closure = ClosureRow(None, date(2026, 3, 7), time(10), time(15), "停电", "No power")
    plan = replace(
        PLAIN,
        extras=(extra(9, 11), extra(10, 12)),
        closures=(closure, replace(closure, starts=time(14))),
        plan=(*PLAN.plan, PlanRow("A", (2,), time(11), time(12), 0.5)),
    )
    assert kinds(plan) == [
        ("line_overlap", "plan", False),
        ("session_overlap", "extras[2]", False),
        ("closure_overlap", "closures[2]", False),
        ("session_closed", "extras[1]", False),
        ("session_closed", "extras[2]", False),
    ]


def test_serious_ones_are_refused_where_a_plan_is_read():
    data = as_data(replace(PLAIN, seasons=(SUMMER, replace(SUMMER, name_zh="又一个"))))
    with pytest.raises(CityFileInvalid) as caught:
        hall_from_data({key: value for key, value in data.items() if key != "code"}, code="station")
    assert "又一个" in caught.value.problems[0].line("zh")


@pytest.mark.parametrize(
    "values",
    [{"session": "night"}, {"session": "mobile"}, {"session": "weekend", "place_zh": "东岭村"}],
)
def test_a_session_is_of_a_known_kind_and_a_mobile_one_has_a_place(values):
    row = {"group": "A", "on": "2026-03-07", "starts": "09:00", "ends": "11:00", "counters": 1.0}
    data = as_data(PLAIN) | {"extras": [row | values]}
    with pytest.raises(CityFileInvalid):
        hall_from_data({key: value for key, value in data.items() if key != "code"}, code="station")
