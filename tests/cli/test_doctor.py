from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import youhao
from kernel import clock, crypto
from kernel.outbox import EventDelivery, OutboxEvent
from runtime.deliveries import ATTEMPTS
from tests import build
from tests.conftest import NOW


@pytest.fixture
def doctor(servers, database, cipher, tmp_path):
    """Runs the command against the servers of the tests, and gives the tests their keys back."""
    addresses = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
    plain = {"YOUHAO_ENV": "test", "YOUHAO_VAR": str(tmp_path)}

    def run(*arguments, **environment):
        env = {**addresses, **plain, **environment}
        return CliRunner().invoke(youhao, ["doctor", *arguments], env=env)

    yield run
    crypto.configure(cipher)


def told(done):
    return {line.split()[1]: line.split()[0] for line in done.output.splitlines()}


def test_a_sound_installation_is_well(doctor):
    done = doctor("--deep")
    assert done.exit_code == 0, done.output
    assert told(done) == {"settings": "ok", "database": "ok", "Redis": "ok", "SMS": "ok", "data": "ok"}


def test_the_data_is_looked_at_only_when_asked(doctor):
    assert "data" not in told(doctor())


def test_a_broken_promise_ends_with_1_and_names_the_row(doctor, database):
    with database.transaction() as session:
        group = build.make_group(session, build.make_hall(session))
        ticket_id = build.make_ticket(session, group, state="completed").id
    done = doctor("--deep")
    assert done.exit_code == 1
    assert f"WRONG  data         ticket_times_out_of_order: ticket {ticket_id}" in done.output


def test_a_year_without_the_notice_of_working_days_is_told(doctor, database, tmp_path):
    with database.transaction() as session:
        build.make_hall(session)
    try:
        clock.set_demo(tmp_path / "clock.json", build.at("10:00", date(2040, 1, 10)), 0.0)
        done = doctor(YOUHAO_CLOCK_FILE=str(tmp_path / "clock.json"))
    finally:
        clock.use_demo_file(None)
    assert done.exit_code == 0, done.output  # nothing is broken; the notice may not be out
    assert "NOTE   working days 2040 can be booked without the State Council's notice" in done.output


def test_a_database_that_is_away_is_told_and_the_rest_still_looked_at(doctor, tmp_path):
    done = doctor("--deep", DATABASE_URL=f"postgresql+psycopg://postgres@/youhao?host={tmp_path}")
    assert done.exit_code == 1
    assert told(done) == {"settings": "ok", "database": "WRONG", "Redis": "ok", "SMS": "ok"}


def test_a_redis_that_is_away_is_told(doctor, tmp_path):
    done = doctor(REDIS_URL=f"unix://{tmp_path / 'nobody.sock'}")
    assert (done.exit_code, told(done)["Redis"]) == (1, "WRONG")


def test_without_addresses_the_servers_of_the_installation_are_looked_for(doctor, tmp_path):
    done = doctor("--var", str(tmp_path / "empty"), DATABASE_URL="", REDIS_URL="")
    assert (done.exit_code, told(done)["database"]) == (1, "WRONG")
    assert not Path(tmp_path / "empty").exists()


def test_retry_gives_dead_deliveries_a_fresh_start(doctor, database):
    with database.transaction() as session:
        event = OutboxEvent(name="Gone", payload={}, occurred_at=NOW, recorded_at=NOW, dispatched_at=NOW)
        session.add(event)
        session.flush()
        session.add(EventDelivery(event_id=event.id, handler="gone", next_at=NOW, attempts=ATTEMPTS))
    assert "delivery_dead" in doctor("--deep").output
    done = doctor("--retry", "--deep")
    assert "1 dead given a fresh start" in done.output
    assert "delivery_dead" not in done.output
