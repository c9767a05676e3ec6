import threading
from datetime import timedelta

from sqlalchemy import delete, func, select

from kernel import clock
from kernel.job_run import JobRun
from kernel.outbox import OutboxEvent
from runtime import schedule
from tests.build import make_hall
from tests.conftest import NOW

#: Every job once, with one hall.
ALL = len(schedule.SCHEDULE)


def tick(database, now=NOW):
    with database.transaction() as session:
        return schedule.tick(session, now=now, real_now=clock.real_now())


def test_each_time_comes_once_for_each_hall_and_once_for_the_program(database):
    with database.transaction() as session:
        make_hall(session)
        make_hall(session)
    per_hall = sum(entry.per_hall for entry in schedule.SCHEDULE.values())
    assert tick(database) == ALL + per_hall
    assert tick(database) == 0
    with database.transaction() as session:
        names = set(session.scalars(select(OutboxEvent.name)))
    assert names == {"TimeCame"}


def test_the_next_day_brings_the_next_times(database):
    with database.transaction() as session:
        make_hall(session)
    tick(database)
    assert tick(database, NOW + timedelta(days=1)) == ALL


def test_many_schedulers_at_once_run_each_job_once(database):
    with database.transaction() as session:
        make_hall(session)
    barrier, counts = threading.Barrier(8), []

    def look():
        barrier.wait()
        counts.append(tick(database))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == ALL
    with database.transaction() as session:
        assert session.scalar(select(func.count(OutboxEvent.id))) == ALL


def test_even_without_the_lock_the_key_keeps_a_job_single(database):
    """The negative control: with the key taken away as well, the job would be handed over twice."""
    with database.transaction() as session:
        make_hall(session)
    tick(database)
    with database.transaction() as session:
        session.execute(delete(JobRun))
    assert tick(database) == ALL


def test_a_demonstration_clock_that_is_set_back_runs_its_day(database):
    with database.transaction() as session:
        make_hall(session)
    tick(database, NOW + timedelta(days=900))
    assert tick(database, NOW) == ALL
