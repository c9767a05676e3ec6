"""Nothing personal outside the sealed columns: not in rows, Redis, jobs, logs or on screens."""

import logging
import re

import pytest
from sqlalchemy import text

from kernel import clock
from notifications.simulator import list_simulated
from people.sample_ids import sample_resident_id
from runtime import schema
from runtime.job_queue import JobQueue
from runtime.jobs import make_work
from runtime.relay import Relay
from tests import build

NAME = "欧阳修远"
NUMBER = sample_resident_id(77)
PHONE = "13800130077"
COMMENT = "窗口太慢了真的"
SECRETS = (NAME, NUMBER, NUMBER[:17], PHONE, COMMENT)


@pytest.fixture
def story(town, caplog):
    """A whole visit of one person: booked, checked in, called, served, asked, badly rated."""
    caplog.set_level(logging.DEBUG)
    body = town.book_body(77, clock_time="10:00", name=NAME, identity_number=NUMBER)
    booked = town.post("/appointments", body, Idempotency_Key="press-1").json
    relay = Relay(town.parts, make_work(town.parts), JobQueue(town.parts.redis))
    relay.round()
    relay.close()
    town.set_clock(build.at("09:45", build.TODAY.replace(day=build.TODAY.day + 1)))
    ticket = town.post(f"/halls/{town.hall}/check-ins", {"identity": NUMBER}, who="kiosk").json
    counter = f"/halls/{town.hall}/counters/1"
    assert town.post(f"{counter}/open", who="officer").status_code == 200
    assert town.post(f"{counter}/call-next", who="officer").status_code == 200
    for verb in ("start", "complete"):
        path = f"/halls/{town.hall}/tickets/{ticket['label']}/{verb}"
        assert town.post(path, who="officer").status_code == 200
    town.run_events()
    with town.parts.database.transaction() as session:
        survey = session.scalar(text("SELECT reference FROM survey"))
    rating = {"survey": survey, "grade": 1, "reasons": [], "comment": COMMENT}
    assert town.post("/ratings", rating).status_code == 201
    town.run_events()
    return town, booked, ticket


def test_no_row_holds_a_readable_name_number_phone_or_comment(story):
    town, _booked, _ticket = story
    with town.parts.database.transaction() as session:
        for table in schema.metadata().sorted_tables:
            rows = session.scalars(text(f'SELECT "{table.name}"::text FROM "{table.name}"')).all()  # noqa: S608
            held = "\n".join(rows)
            hexed = [secret.encode().hex() for secret in SECRETS]
            assert [s for s in (*SECRETS, *hexed) if s in held] == [], table.name


def test_redis_and_jobs_hold_ids_alone(story):
    town, _booked, _ticket = story
    client = town.parts.redis
    held = b""
    for key in client.scan_iter():
        kind = client.type(key)
        held += key + (client.dump(key) if kind != b"hash" else repr(client.hgetall(key)).encode())
    assert held
    assert [secret for secret in SECRETS if secret.encode() in held] == []


def test_logs_name_nobody(story, caplog):
    assert [secret for secret in SECRETS if secret in caplog.text] == []


def test_screens_and_public_reads_name_nobody(story):
    town, booked, ticket = story
    client = town.client()
    shown = [
        client.get(f"/screen/{town.hall}").text,
        town.get(f"/halls/{town.hall}/board").text,
        town.get(f"/tickets/{ticket['reference']}").text,
        town.get(f"/appointments/{booked['reference']}").text,
        client.get(f"/q/{ticket['reference']}").text,
        client.get(f"/b/{booked['reference']}").text,
    ]
    assert [secret for secret in SECRETS if any(secret in page for page in shown)] == []


def test_every_staff_action_of_the_visit_is_audited(story):
    town, _booked, _ticket = story
    with town.parts.database.transaction() as session:
        actions = set(session.scalars(text("SELECT action FROM audit_entry WHERE actor_kind = 'staff'")))
    assert {"counter.open", "ticket.call", "ticket.start_serving", "ticket.complete"} <= actions


def test_one_time_codes_are_stored_nowhere(town):
    assert town.post("/phone-codes", {"phone": PHONE}).status_code == 202
    town.run_events()
    with town.parts.database.transaction() as session:
        [sms] = list_simulated(session, PHONE)
        code = re.search(r"\d{6}", sms.text).group()
        for table in schema.metadata().sorted_tables:
            rows = session.scalars(text(f'SELECT "{table.name}"::text FROM "{table.name}"')).all()  # noqa: S608
            assert not any(re.search(rf"(?<!\d){code}(?!\d)", row) for row in rows), table.name
    assert clock.demo_clock() is not None
