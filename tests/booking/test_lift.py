"""A suspension that is lifted at the counter: by whom, of whom, and what counts afterwards."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from booking.hall_rules import rules_of
from booking.lift import LiftReasonUnknown, NotSuspended, SuspendedElsewhere, lift_suspension
from booking.standing import no_shows_of
from halls.models import ServiceGroup
from kernel.audit import AuditEntry
from kernel.errors import Forbidden, Invalid
from people.citizens import identity_index
from people.models import Citizen
from people.sample_ids import sample_resident_id
from people.staff import actor_of
from tests import build

DAY = timedelta(days=1)
CARD = {"kind": "resident_id", "number": sample_resident_id(1)}


@pytest.fixture
def hall(session):
    return build.make_hall(session)


@pytest.fixture
def person(session):
    return build.make_citizen(session, identity_index=identity_index(**CARD))


@pytest.fixture
def duty(session, hall):
    return actor_of(build.make_staff(session, roles=("duty_officer",), hall_ids=[hall.id]))


def miss(session, hall, person, now, *days, **values):
    known = session.scalars(select(ServiceGroup).where(ServiceGroup.hall_id == hall.id)).first()
    group = known or build.make_group(session, hall)
    slots = [build.make_slot(session, group, now - each * DAY) for each in days]
    facts = {"state": "no_show"} | values
    return [build.make_appointment(session, slot, person, **facts) for slot in slots]


def suspended(session, hall, person, now):
    index = session.get(Citizen, person.id).identity_index
    return no_shows_of(session, index, told=None, rules=rules_of(hall), now=now).suspended_until


def press(session, hall, actor, now, *, reason="illness", **values):
    return lift_suspension(session, hall, **(CARD | values), reason=reason, actor=actor, now=now)


def test_lifted_nothing_of_it_counts_and_the_audit_says_why_and_not_whose(session, hall, person, duty, now):
    missed = miss(session, hall, person, now, 3, 2, 1)
    assert suspended(session, hall, person, now)
    assert press(session, hall, duty, now) == 3
    session.flush()
    assert suspended(session, hall, person, now) is None
    assert {(each.state, each.excused_at) for each in missed} == {("no_show", now)}
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "suspension.lift")).one()
    assert (entry.subject_kind, entry.subject_id, entry.hall_id) == ("citizen", person.id, hall.id)
    assert entry.details == {"reason": "illness", "missed": 3}


def test_a_late_cancellation_is_lifted_with_the_rest(session, hall, person, duty, now):
    miss(session, hall, person, now, 3, 2)
    (late,) = miss(session, hall, person, now, 1, state="cancelled", cancel_reason="citizen")
    late.cancelled_at = late.starts_at - timedelta(minutes=5)
    session.flush()
    assert press(session, hall, duty, now) == 3
    session.flush()
    assert suspended(session, hall, person, now) is None


def test_a_second_press_and_an_unknown_document_read_the_same(session, hall, person, duty, now):
    miss(session, hall, person, now, 3, 2, 1)
    press(session, hall, duty, now)
    session.flush()
    with pytest.raises(NotSuspended):
        press(session, hall, duty, now)
    with pytest.raises(NotSuspended):
        press(session, hall, duty, now, number=sample_resident_id(2))


def test_what_does_not_suspend_yet_stays(session, hall, person, duty, now):
    missed = miss(session, hall, person, now, 2, 1)
    with pytest.raises(NotSuspended):
        press(session, hall, duty, now)
    assert {each.excused_at for each in missed} == {None}


def test_what_was_missed_in_another_hall_is_not_excused_here(session, hall, person, duty, now):
    other = build.make_hall(session)
    theirs = miss(session, other, person, now, 5, 4)
    miss(session, hall, person, now, 3)
    assert press(session, hall, duty, now) == 1
    session.flush()
    assert suspended(session, hall, person, now) is None
    assert {each.excused_at for each in theirs} == {None}


def test_a_suspension_that_comes_of_another_hall_alone_is_theirs_to_lift(session, hall, person, duty, now):
    theirs = miss(session, build.make_hall(session), person, now, 5, 4, 3)
    mine = miss(session, hall, person, now, 2)
    with pytest.raises(SuspendedElsewhere):
        press(session, hall, duty, now)
    assert {each.excused_at for each in theirs + mine} == {None}


@pytest.mark.parametrize("role", ["officer", "admin", "desk"])
def test_who_may_not_decide_appeals_learns_nothing(session, hall, person, now, role):
    miss(session, hall, person, now, 3, 2, 1)
    actor = actor_of(build.make_staff(session, roles=(role,), hall_ids=[hall.id]))
    for number in (CARD["number"], sample_resident_id(2), "x"):
        with pytest.raises(Forbidden):
            press(session, hall, actor, now, number=number)


def test_who_may_in_another_hall_may_not_here(session, hall, person, now):
    miss(session, hall, person, now, 3, 2, 1)
    other = build.make_hall(session)
    actor = actor_of(build.make_staff(session, roles=("duty_officer",), hall_ids=[other.id]))
    with pytest.raises(Forbidden):
        press(session, hall, actor, now)


def test_it_needs_a_reason_of_the_list_and_a_document(session, hall, person, duty, now):
    miss(session, hall, person, now, 3, 2, 1)
    with pytest.raises(LiftReasonUnknown):
        press(session, hall, duty, now, reason="给张三留的")
    with pytest.raises(Invalid):
        press(session, hall, duty, now, number="123")
