"""Messages under fire: real relay and worker processes, killed and starved while they send.

The console gateway stands for the provider. It accepts everything it is handed and never deduplicates, so a
message that is sent twice is there twice.
"""

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from kernel import clock, outbox
from kernel.crypto import cipher
from kernel.db import Database, DatabaseDown, make_engine
from kernel.outbox import EventDelivery, OutboxEvent
from notifications import doctor as message_doctor
from notifications.models import Message, SimulatedSms
from notifications.states import FINAL, MessageState
from queueing.events import VisitCompleted
from runtime import local_postgres, local_valkey, schema
from runtime.doctor import check_events
from runtime.redis_client import make_client
from runtime.server_home import LocalServer, socket_directory
from tests.build import make_group, make_hall, make_ticket
from tests.conftest import NOW
from tests.faults.crew import Crew
from tests.faults.stage import HANGS, report

pytestmark = pytest.mark.faults

DELAY_MS = 150
SETTLED_WITHIN = 60.0  # seconds after the last fault: a lease, and a look-up or two
QUICKLY = 10.0


@dataclass
class Stage:
    """Servers of its own, so that a test may kill them, and the crew that works on them."""

    var: Path
    postgres: LocalServer
    valkey: LocalServer
    database: Database
    crew: Crew
    group_id: int = 0
    visits: int = 0

    def complete_visits(self, count: int) -> None:
        """Each is one event, which must become exactly one SMS to a phone of its own."""
        keys = cipher()
        with self.database.transaction() as session:
            for _ in range(count):
                self.visits += 1
                phone = f"+86138{self.visits:08d}"
                ticket = make_ticket(
                    session,
                    self.group,
                    self.visits,
                    state="completed",
                    phone_sealed=keys.encrypt(phone, "ticket.phone"),
                    phone_index=keys.blind_index(phone, "phone"),
                )
                event = VisitCompleted(ticket.id, ticket.hall_id, ticket.group_id)
                outbox.emit(session, event, now=NOW)

    def make_hall(self) -> None:
        with self.database.transaction() as session:
            self.group = make_group(session, make_hall(session))

    def is_settled(self) -> bool:
        """Every visit asked, every message at its end, every event carried out."""
        ended = select(func.count(Message.id)).where(Message.state.in_(FINAL))
        open_events = select(func.count(OutboxEvent.id)).where(OutboxEvent.dispatched_at.is_(None))
        open_deliveries = select(func.count(EventDelivery.id)).where(EventDelivery.done_at.is_(None))
        try:
            with self.database.transaction() as session:
                return (
                    session.scalar(ended) == self.visits
                    and session.scalar(open_events) == 0
                    and session.scalar(open_deliveries) == 0
                )
        except DatabaseDown:
            return False

    def kill_valkey(self) -> None:
        assert self.valkey.process is not None
        self.valkey.process.kill()
        self.valkey.process.wait()

    def start_valkey(self) -> None:
        self.valkey = local_valkey.start(self.var, durable=False)

    def flush(self) -> None:
        client = make_client(self.valkey.url)
        client.flushall()
        client.close()

    def settle(self, within: float = SETTLED_WITHIN) -> float:
        """Wait until it is; seconds."""
        took = self.crew.until(self.is_settled, HANGS)
        report("messages settled after the last fault", took, within)
        return took

    def check(self) -> None:
        """Nothing lost, nothing doubled, every event done."""
        with self.database.transaction() as session:
            states = dict(session.execute(select(Message.state, func.count()).group_by(Message.state)).all())
            assert states == {MessageState.DELIVERED: self.visits}
            assert session.scalar(select(func.count(SimulatedSms.id))) == self.visits
            assert message_doctor.check(session) == []
            assert check_events(session) == []


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    var = tmp_path / "var"
    postgres = local_postgres.start(var, durable=False)
    valkey = local_valkey.start(var, durable=False)
    database = Database(make_engine(postgres.url))
    schema.upgrade(database.engine, postgres.url)
    clock_file = tmp_path / "clock.json"
    clock.set_demo(clock_file, NOW, rate=1.0)  # by day: surveys wait for the morning
    settings = {
        "env": "test",
        "database_url": postgres.url,
        "redis_url": valkey.url,
        "var": var,
        "clock_file": clock_file,
        "console_delay_ms": DELAY_MS,
    }
    crew = Crew(tmp_path / "crew.log", settings)
    stage = Stage(var, postgres, valkey, database, crew)
    stage.make_hall()
    for name in ("relay", "worker-1", "worker-2"):
        crew.start(name)
    try:
        stage.complete_visits(1)
        crew.until(stage.is_settled, HANGS)  # all are up and at work
        yield stage
    finally:
        crew.end()
        database.dispose()
        local_valkey.stop(stage.valkey)
        local_postgres.stop(stage.postgres)
        shutil.rmtree(socket_directory(var), ignore_errors=True)


def test_workers_and_relays_killed_while_they_send(stage):
    for _ in range(25):
        stage.complete_visits(8)
        stage.crew.for_seconds(random.uniform(0.3, 0.8))
        stage.crew.kill()
    stage.settle()
    assert stage.crew.kills == 25
    stage.check()


def test_everything_killed_at_once(stage):
    for _ in range(4):
        stage.complete_visits(40)
        stage.crew.for_seconds(1.0)
        stage.crew.kill_all()
    stage.settle()
    stage.check()


def test_redis_emptied_again_and_again(stage):
    for _ in range(15):
        stage.complete_visits(10)
        stage.crew.for_seconds(random.uniform(0.05, 0.4))
        stage.flush()
    stage.settle()
    stage.check()


def test_redis_killed_and_started_again(stage):
    for _ in range(3):
        stage.complete_visits(20)
        stage.crew.for_seconds(0.5)
        stage.kill_valkey()
        stage.complete_visits(20)
        stage.crew.for_seconds(2.0)
        stage.start_valkey()
    stage.settle()
    stage.check()


def test_redis_away_for_half_a_minute_holds_nobody_up(stage):
    stage.kill_valkey()
    stage.complete_visits(30)
    took = stage.settle(QUICKLY)  # the relay sends by itself
    stage.crew.for_seconds(max(0.0, 30.0 - took))
    stage.start_valkey()
    stage.complete_visits(30)
    stage.settle(QUICKLY)
    stage.check()


def test_postgres_restarted_while_messages_go_out(stage):
    for _ in range(2):
        stage.complete_visits(30)
        stage.crew.for_seconds(0.6)
        local_postgres.stop(stage.postgres)
        stage.crew.for_seconds(1.0)
        stage.postgres = local_postgres.start(stage.var, durable=False)
    stage.settle()
    stage.check()


def test_one_fault_after_another(stage):
    """A bit of everything for half a minute, as a bad day brings it."""
    faults = [stage.crew.kill, stage.crew.kill, stage.crew.kill, stage.flush, stage.crew.kill_all]
    for _ in range(30):
        stage.complete_visits(5)
        stage.crew.for_seconds(random.uniform(0.3, 1.2))
        random.choice(faults)()
    stage.settle()
    stage.check()
