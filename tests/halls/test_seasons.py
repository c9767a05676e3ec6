from dataclasses import replace
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from halls import plan_history
from halls.closures import ClosureUnknown, add_closure, lift_closure, list_closures
from halls.day_plan import day_plans
from halls.edit import save_hall
from halls.plan_rows import ExtraRow, PlanRow, SeasonRow
from halls.queries import list_groups
from halls.sessions import list_sessions
from kernel import history
from kernel.actor import SYSTEM
from kernel.history import RevisionUnknown
from tests.build import at, make_hall
from tests.halls.test_edit import PLAN

TZ = ZoneInfo("Asia/Shanghai")
SUMMER = SeasonRow(
    "夏令", "Summer", date(2026, 7, 6), date(2026, 7, 13), (PlanRow("A", (1,), time(8), time(11), 1.0),)
)
SEASONAL = replace(PLAN, seasons=(SUMMER,), closures=())


def hours(session, hall, on):
    groups = list_groups(session, hall.id)
    plans = day_plans(session, hall.id, [group.id for group in groups], on=on, tz=TZ)
    return {
        group.code: [(line.starts.hour, line.ends.hour) for line in plans[group.id].lines] for group in groups
    }


@pytest.fixture
def hall(session, now):
    return save_hall(session, SEASONAL, actor=SYSTEM, now=now)


def test_inside_a_season_its_lines_stand_instead_of_the_usual_ones(session, hall):
    assert hours(session, hall, date(2026, 6, 29)) == {"A": [(9, 12)], "Z": [(9, 12)]}
    assert hours(session, hall, date(2026, 7, 6)) == {"A": [(8, 11)], "Z": []}
    assert hours(session, hall, date(2026, 7, 7)) == {"A": [], "Z": []}
    assert hours(session, hall, date(2026, 7, 13)) == {"A": [(8, 11)], "Z": []}
    assert hours(session, hall, date(2026, 7, 20)) == {"A": [(9, 12)], "Z": [(9, 12)]}


def test_a_season_of_another_hall_changes_nothing(session, hall, now):
    other = save_hall(
        session,
        replace(SEASONAL, code="other", seasons=(replace(SUMMER, first_on=date(2026, 6, 29)),)),
        actor=SYSTEM,
        now=now,
    )
    assert hours(session, hall, date(2026, 6, 29)) == {"A": [(9, 12)], "Z": [(9, 12)]}
    assert hours(session, other, date(2026, 6, 29)) == {"A": [(8, 11)], "Z": []}


def test_every_saved_plan_is_kept_and_can_be_read_back(session, hall, now):
    usual = replace(SEASONAL, seasons=())
    save_hall(session, usual, actor=SYSTEM, now=now, note="不用夏令")
    save_hall(session, usual, actor=SYSTEM, now=now)
    kept = history.list_revisions(session, plan_history.KIND, hall.code)
    assert [(each.number, each.note) for each in kept] == [(2, "不用夏令"), (1, "")]
    assert plan_history.read_back(session, hall.code, 1) == SEASONAL
    assert plan_history.current_plan(session, hall) == usual
    save_hall(session, plan_history.read_back(session, hall.code, 1), actor=SYSTEM, now=now)
    assert plan_history.current_plan(session, hall) == SEASONAL
    with pytest.raises(RevisionUnknown):
        plan_history.read_back(session, hall.code, 9)


def test_a_slot_of_an_extra_session_tells_what_and_where_it_is(session, now):
    mobile = ExtraRow(
        "A", date(2026, 3, 7), "extra", time(9), time(11), 1.0, "mobile", "东岭村村委会", "Dongling village"
    )
    hall = save_hall(session, replace(PLAN, extras=(mobile,)), actor=SYSTEM, now=now)
    group = list_groups(session, hall.id)[0]
    (found,) = list_sessions(session, [group.id], first_on=date(2026, 3, 2), last_on=date(2026, 3, 31))
    assert found.holds(at("10:30", date(2026, 3, 7)), TZ)
    assert (found.name_zh, found.place_zh, found.place_en) == ("流动下乡", "东岭村村委会", "Dongling village")
    assert not found.holds(at("11:00", date(2026, 3, 7)), TZ)
    assert not found.holds(at("10:00"), TZ)


def test_a_lifted_closure_counts_nowhere_but_stays_in_the_books(session, hall, now):
    closure = add_closure(
        session,
        hall,
        group_id=None,
        starts_at=at("09:00"),
        ends_at=at("12:00"),
        reason_zh="停电",
        actor=SYSTEM,
        now=now,
    )
    groups = [group.id for group in list_groups(session, hall.id)]
    shut = day_plans(session, hall.id, groups, on=date(2026, 3, 2), tz=TZ)
    assert [each.id for each in shut[groups[0]].closures] == [closure.id]
    assert list_closures(session, hall.id, now=now) == [closure]
    lift_closure(session, hall, closure.id, actor=SYSTEM, now=now)
    lift_closure(session, hall, closure.id, actor=SYSTEM, now=now + timedelta(minutes=1))
    assert closure.lifted_at == now
    assert day_plans(session, hall.id, groups, on=date(2026, 3, 2), tz=TZ)[groups[0]].closures == []
    assert list_closures(session, hall.id, now=now) == []


def test_a_closure_of_another_hall_cannot_be_lifted_here(session, hall, now):
    closure = add_closure(
        session,
        hall,
        group_id=None,
        starts_at=at("09:00"),
        ends_at=at("12:00"),
        reason_zh="停电",
        actor=SYSTEM,
        now=now,
    )
    with pytest.raises(ClosureUnknown):
        lift_closure(session, make_hall(session), closure.id, actor=SYSTEM, now=now)
