"""The schedule, the outbox and the handler together: a call that nobody answers ends by itself."""

from datetime import timedelta

from sqlalchemy import func, select, update

from kernel import clock
from kernel.job_run import JobRun
from queueing.models import Ticket
from runtime import schedule
from runtime.drain import drain
from tests.build import at
from tests.queueing.hall_day import open_hall

CALLED_AT = at("09:05")


def look(parts, seconds):
    """One look at the clock, and all that follows from it."""
    now = CALLED_AT + timedelta(seconds=seconds)
    with parts.database.transaction() as session:
        schedule.tick(session, now=now, real_now=clock.real_now())
    drain(parts, now=now)
    with parts.database.transaction() as session:
        ticket = session.scalars(select(Ticket)).one()
        return ticket.state, ticket.recalls


def test_the_running_program_repeats_a_call_and_ends_it(parts):
    with parts.database.transaction() as session:
        day = open_hall(session)
        day.take(at("09:00"))
        day.call(CALLED_AT)
        session.execute(update(Ticket).values(stepped_at=Ticket.stepped_at - timedelta(seconds=11)))
    seen = [look(parts, seconds) for seconds in range(10, 170, 10)]
    assert seen[3] == ("called", 0)
    assert seen[4] == ("called", 1)
    assert seen[9] == ("called", 2)
    assert seen[-1] == ("absent", 2)


def test_runs_of_frequent_jobs_do_not_pile_up(parts):
    """Each look at the clock reads them all."""
    for minutes in range(0, 600, 10):
        with parts.database.transaction() as session:
            now = CALLED_AT + timedelta(minutes=minutes)
            schedule.tick(session, now=now, real_now=clock.real_now())
    with parts.database.transaction() as session:
        runs = select(func.count()).where(JobRun.name == "follow_calls")
        assert session.scalar(runs) == 13  # of two hours
