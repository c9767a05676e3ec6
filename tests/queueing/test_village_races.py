"""Presses in a village that meet: real transactions on threads."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from booking.models import Appointment
from kernel.audit import AuditEntry
from kernel.clock import real_now
from kernel.errors import DomainError
from kernel.outbox import OutboxEvent
from queueing import doctor
from queueing.check_in import CheckIn
from queueing.errors import CannotUndo, NothingToCheckIn
from queueing.models import Ticket
from queueing.undo_in_village import undo_in_village
from queueing.village import arrive_in_village, serve_in_village
from tests import build
from tests.build import at
from tests.queueing.hall_day import officer_of
from tests.queueing.test_races import at_once

ROUNDS = 8


@pytest.fixture
def officer(database):
    with database.transaction() as session:
        return officer_of(build.make_staff(session))


@pytest.fixture
def visit(database, officer):
    """Somebody who has just been checked in, in a village."""
    with database.transaction() as session:
        group = build.make_group(session, build.make_hall(session))
        slot = build.make_slot(session, group, at("10:00"), numbers=4, place="东岭村村委会")
        service = build.make_service(session, group)
        booked = build.make_appointment(session, slot, service_ids=[service.id])
        arrive(session, booked, officer)
    return booked


def arrive(session, visit, officer):
    arrive_in_village(
        session, CheckIn(visit.hall_id, reference=visit.reference), actor=officer, now=at("09:10")
    )


def serve(session, visit, officer):
    return serve_in_village(session, visit.hall_id, visit.reference, actor=officer, now=at("10:05")).id


def undo(session, visit, officer):
    moment = {"now": at("10:06"), "real_now": real_now()}
    return undo_in_village(session, visit.hall_id, visit.reference, actor=officer, **moment).id


def ensure_refused_or_done(told):
    assert [each for each in told if isinstance(each, Exception) and not isinstance(each, DomainError)] == []


def of_visit(session, visit):
    """Its state, and those of its tickets."""
    return session.get_one(Appointment, visit.id).state, session.scalars(select(Ticket.state)).all()


def test_one_of_many_presses_takes_the_end_of_a_visit_back(database, visit, officer):
    with database.transaction() as session:
        serve(session, visit, officer)
    told = at_once(database, 8, lambda session, _index: undo(session, visit, officer))
    assert Counter(map(type, told)) == {int: 1, CannotUndo: 7}
    with database.transaction() as session:
        assert of_visit(session, visit) == ("checked_in", ["serving"])
        taken_back = select(func.count()).where(OutboxEvent.name == "CompletionUndone")
        assert session.scalar(taken_back) == 1
        assert doctor.check(session) == []


def test_a_visit_is_ended_once_though_two_officers_press(database, visit, officer):
    told = at_once(database, 8, lambda session, _index: serve(session, visit, officer))
    assert len(set(told)) == 1
    with database.transaction() as session:
        assert of_visit(session, visit) == ("fulfilled", ["completed"])
        assert doctor.check(session) == []


def test_who_is_served_while_the_check_in_is_taken_back_is_either_served_or_booked(database, visit, officer):
    for _round in range(ROUNDS):
        steps = [serve, undo, serve, undo]
        told = at_once(database, 4, lambda session, index: steps[index](session, visit, officer))  # noqa: B023
        ensure_refused_or_done(told)
        with database.transaction() as session:
            assert doctor.check(session) == []
            found = of_visit(session, visit)
            assert found in [
                ("booked", []),
                ("fulfilled", ["completed"]),
                ("checked_in", ["serving"]),
            ]
            if found[1]:
                break
            assert {type(each) for each in told} & {NothingToCheckIn, CannotUndo}
            arrive(session, visit, officer)
    with database.transaction() as session:
        states = session.execute(
            select(AuditEntry.from_state, AuditEntry.to_state)
            .where(AuditEntry.subject_kind == "appointment", AuditEntry.to_state.is_not(None))
            .order_by(AuditEntry.id)
        ).all()
        # Each step began where the one before had ended.
        assert [after for _, after in states[:-1]] == [before for before, _ in states[1:]]
