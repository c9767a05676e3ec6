from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from halls.closures import ClosureBackwards, add_closure
from halls.edit import save_calendar, save_hall
from halls.models import Closure, PlanLine
from halls.plan_rows import CalendarRow, ClosureRow, CounterRow, ExtraRow, GroupRow, HallFile, PlanRow
from halls.queries import (
    CounterNotFound,
    GroupUnknown,
    HallUnknown,
    calendar,
    get_counter,
    get_counter_by_number,
    get_group_by_code,
    get_hall,
    list_counters,
    list_groups,
    list_halls,
    policy,
)
from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from kernel.outbox import OutboxEvent
from tests.build import at

PLAN = HallFile(
    code="station",
    name_zh="溪湖派出所",
    name_en="Xihu station",
    address_zh="",
    address_en="",
    phone="",
    latitude=None,
    longitude=None,
    groups=(
        GroupRow("A", "A", "户政", "Households", 10, 11.0),
        GroupRow("Z", "Z", "综合", "General", 10, 9.0),
    ),
    counters=(CounterRow(1, "1号", "One", ("A",)), CounterRow(2, "2号", "Two", ("A", "Z"))),
    plan=(
        PlanRow("A", (1, 2), time(9), time(12), 1.5),
        PlanRow("Z", (1,), time(9), time(12), 0.5),
    ),
    extras=(ExtraRow("A", date(2026, 3, 7), "extra", time(9), time(11), 1.0),),
    closures=(ClosureRow(None, date(2026, 3, 4), time(14), time(15), "停电", "No power"),),
)


def save(session, now, plan=PLAN, **values):
    return save_hall(session, plan, actor=SYSTEM, now=now, **values)


def actions(session):
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_hall_is_written_whole(session, now):
    hall = save(session, now, policy={"booking": {"lead_time_minutes": 5}})
    assert get_hall(session, "station") is hall
    groups = list_groups(session, hall.id)
    assert [(group.code, group.unit_minutes) for group in groups] == [("A", 10), ("Z", 10)]
    views = list_counters(session, hall.id)
    assert [(view.number, len(view.group_ids)) for view in views] == [(1, 1), (2, 2)]
    lines = session.scalars(select(PlanLine)).all()
    assert len(lines) == 4
    assert {(line.kind, line.counters) for line in lines if line.on_date} == {("extra", Decimal(1))}
    closure = session.scalars(select(Closure)).one()
    assert (closure.starts_at, closure.group_id) == (at("14:00", date(2026, 3, 4)), None)
    assert policy(hall, "booking") == {"lead_time_minutes": 5}
    assert policy(hall, "queue") == {}
    assert session.scalars(select(OutboxEvent.name)).all() == ["ClosureAdded", "HallSaved"]


def test_the_same_plan_twice_changes_nothing(session, now):
    save(session, now)
    session.expire_all()
    before = actions(session)
    save(session, now)
    assert actions(session) == before


def test_an_edit_tells_what_changed_and_keeps_what_it_does_not_name(session, now):
    hall = save(session, now, policy={"booking": {"beta": "0.7"}}, time_zone="Asia/Urumqi")
    fewer = replace(PLAN, counters=PLAN.counters[1:], plan=PLAN.plan[1:], name_zh="新名字")
    save(session, now, fewer)
    assert (hall.name_zh, hall.time_zone, hall.policy_version) == ("新名字", "Asia/Urumqi", 2)
    assert policy(hall, "booking") == {"beta": "0.7"}
    assert [view.number for view in list_counters(session, hall.id)] == [2]
    with pytest.raises(CounterNotFound):
        get_counter_by_number(session, hall.id, 1)
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert set(entry.details["changed"]) == {"place", "counters", "plan"}
    save(session, now)
    assert get_counter(session, get_counter_by_number(session, hall.id, 1).id).number == 1


def test_a_closure_declared_by_hand_outlives_the_next_edit(session, now):
    hall = save(session, now)
    opens = at("09:00")
    add_closure(
        session,
        hall,
        group_id=None,
        starts_at=opens,
        ends_at=opens + timedelta(hours=1),
        reason_zh="急事",
        actor=SYSTEM,
        now=now,
    )
    save(session, now, replace(PLAN, closures=()))
    assert len(session.scalars(select(Closure)).all()) == 2
    with pytest.raises(ClosureBackwards):
        add_closure(
            session, hall, group_id=None, starts_at=opens, ends_at=opens, reason_zh="", actor=SYSTEM, now=now
        )


def test_the_citys_own_days_win_over_the_state_calendar(session, now):
    saturday, monday = date(2026, 3, 7), date(2026, 3, 9)
    rows = (CalendarRow(saturday, True, "延时", "Extended"), CalendarRow(monday, False, "停办", "Closed"))
    assert not calendar(session).is_working(saturday)
    assert save_calendar(session, rows, actor=SYSTEM, now=now) == 2
    assert calendar(session).is_working(saturday)
    assert not calendar(session).is_working(monday)
    assert save_calendar(session, rows, actor=SYSTEM, now=now) == 0
    assert calendar(session).is_working(date(2026, 2, 28))  # worked in exchange for the Spring Festival


def test_unknown_codes_are_refused(session, now):
    hall = save(session, now)
    with pytest.raises(HallUnknown):
        get_hall(session, "nowhere")
    with pytest.raises(GroupUnknown):
        get_group_by_code(session, hall.id, "Q")
    hall.active = False
    session.flush()
    assert list_halls(session) == []
    with pytest.raises(HallUnknown):
        get_hall(session, "station")
