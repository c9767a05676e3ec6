from dataclasses import replace
from datetime import date, time

import pytest
from sqlalchemy import func, select

from booking import doctor
from booking.change_plan import change_plan, preview_plan, published_days
from booking.close import Then
from booking.models import Number
from booking.publish import publish
from halls import plan_history
from halls.edit import save_hall
from halls.plan_rows import PlanRow, SeasonRow
from halls.queries import get_group_by_code
from kernel import history
from kernel.actor import SYSTEM
from kernel.audit import AuditEntry
from tests.booking.crowded import book_all
from tests.build import TODAY
from tests.conftest import NOW
from tests.halls.test_edit import PLAN

TOMORROW = date(2026, 3, 3)
WEEK = (1, 2, 3, 4, 5)
PLAIN = replace(
    PLAN,
    extras=(),
    closures=(),
    plan=(PlanRow("A", WEEK, time(9), time(17), 1.0), PlanRow("Z", WEEK, time(9), time(17), 1.0)),
)
MORNINGS = replace(PLAIN, plan=(PlanRow("A", WEEK, time(9), time(12), 1.0), PLAIN.plan[1]))


@pytest.fixture
def hall(session):
    hall = save_hall(session, PLAIN, actor=SYSTEM, now=NOW)
    publish(session, hall.id, first_on=TODAY, last_on=date(2026, 3, 11), actor=SYSTEM, now=NOW)
    return hall


@pytest.fixture
def group(session, hall):
    return get_group_by_code(session, hall.id, "A")


def change(session, plan=MORNINGS, then=Then.KEEP):
    return change_plan(session, plan, then=then, actor=SYSTEM, now=NOW)


def hour(each):
    return each.starts_at.hour + 8


def rows(session):
    return session.execute(
        select(Number.id, Number.appointment_id, Number.starts_at).order_by(Number.id)
    ).all()


def test_the_preview_names_who_would_be_stranded_and_changes_nothing(session, hall, group):
    booked = book_all(session, hall, TOMORROW, now=NOW, group=group)
    before = (rows(session), session.scalar(select(func.count(AuditEntry.id))))
    found = preview_plan(session, MORNINGS, actor=SYSTEM, now=NOW)
    assert [each.appointment_id for each in found] == [each.id for each in booked if hour(each) >= 12]
    assert (rows(session), session.scalar(select(func.count(AuditEntry.id)))) == before
    assert plan_history.current_plan(session, hall) == PLAIN
    assert preview_plan(session, PLAIN, actor=SYSTEM, now=NOW) == []


def test_fewer_counters_strand_only_who_is_too_many_and_booked_last(session, hall, group):
    book_all(session, hall, TOMORROW, now=NOW, group=group)
    half = replace(PLAIN, plan=(PlanRow("A", WEEK, time(9), time(17), 0.5), PLAIN.plan[1]))
    found = preview_plan(session, half, actor=SYSTEM, now=NOW)
    per_slot = {}
    for each in found:
        per_slot[each.starts_at] = per_slot.get(each.starts_at, 0) + 1
    assert found
    assert set(per_slot.values()) == {1}


def test_booked_numbers_stay_unless_told_otherwise(session, hall, group):
    booked = book_all(session, hall, TOMORROW, now=NOW, group=group)
    done = change(session)
    assert len(done.stranded) == sum(hour(each) >= 12 for each in booked)
    kept = session.scalars(select(Number.appointment_id).where(Number.appointment_id.is_not(None))).all()
    assert sorted(kept) == sorted(each.id for each in booked)
    free = select(func.count(Number.id)).where(Number.group_id == group.id, Number.appointment_id.is_(None))
    assert (
        session.scalar(free.where(Number.on_date == TOMORROW, func.extract("hour", Number.starts_at) >= 4))
        == 0
    )


def test_the_stranded_are_moved_into_the_new_plan(session, hall, group):
    booked = book_all(session, hall, TOMORROW, now=NOW, group=group)
    done = change(session, then=Then.MOVE)
    session.expire_all()
    assert done.rehoused.moved == len(done.stranded) > 0
    assert {each.state for each in booked} == {"booked"}
    assert all(hour(each) < 12 for each in booked)
    assert doctor.check(session) == []


def test_the_stranded_are_cancelled_when_so_decided(session, hall, group):
    booked = book_all(session, hall, TOMORROW, now=NOW, group=group)
    done = change(session, then=Then.CANCEL)
    session.expire_all()
    ended = [each for each in booked if each.state == "cancelled"]
    assert [each.id for each in ended] == [each.appointment_id for each in done.stranded]
    assert {each.cancel_reason for each in ended} == {"hall_closed"}
    assert doctor.check(session) == []


def test_an_earlier_plan_is_had_back_with_its_numbers(session, hall, group):
    before = session.scalar(select(func.count(Number.id)))
    change(session)
    assert session.scalar(select(func.count(Number.id))) < before
    earlier = plan_history.read_back(session, hall.code, 1)
    change_plan(session, earlier, then=Then.KEEP, note="撤销", actor=SYSTEM, now=NOW)
    assert session.scalar(select(func.count(Number.id))) == before
    assert plan_history.current_plan(session, hall) == PLAIN
    kept = history.list_revisions(session, plan_history.KIND, hall.code)
    assert [(each.number, each.note) for each in kept] == [(3, "撤销"), (2, ""), (1, "")]


def test_a_season_that_begins_strands_bookings_too(session, hall, group):
    booked = book_all(session, hall, TOMORROW, now=NOW, group=group)
    short = SeasonRow("春", "", TOMORROW, TOMORROW, (PlanRow("A", (2,), time(9), time(10), 1.0),))
    found = preview_plan(session, replace(PLAIN, seasons=(short,)), actor=SYSTEM, now=NOW)
    assert [each.appointment_id for each in found] == [each.id for each in booked if hour(each) >= 10]


def test_a_day_published_far_ahead_does_not_publish_the_years_before_it(session, hall, group):
    far = date(2029, 3, 5)
    publish(session, hall.id, first_on=far, last_on=far, actor=SYSTEM, now=NOW)
    spans = published_days(session, hall, now=NOW)
    assert (spans[0][0], spans[-1]) == (TODAY, (far, far))
    assert len(spans) == 2


def test_weekends_between_published_days_belong_to_them(session, hall, group):
    spans = published_days(session, hall, now=NOW)
    days = session.scalars(select(Number.on_date).distinct()).all()
    assert spans == [(TODAY, max(days))]
    assert len(days) < (max(days) - TODAY).days + 1
