"""The floors: bare Flask views doing the least work that keeps the promise. Imports nothing of ours.

Served by the same server as the product (`gunicorn bench.floors:app`) with `FLOOR_DATABASE` naming the same
database. One statement a view (four to call), one connection a thread, no checks, no encryption, no limits.
"""

import os
import secrets
import threading
from typing import Any

import psycopg
from flask import Flask, Response, request

HOLD = """
WITH picked AS (
    SELECT id, slot_id FROM number
    WHERE group_id = %(group_id)s AND on_date = %(on_date)s AND starts_at = %(starts_at)s
      AND appointment_id IS NULL AND channel = 'online' AND released_at <= %(now)s
      AND (held_until IS NULL OR held_until <= %(now)s)
    ORDER BY ordinal LIMIT 1 FOR UPDATE SKIP LOCKED
),
held AS (
    UPDATE number SET held_until = %(held_until)s, hold_token = %(token)s
    FROM picked WHERE number.id = picked.id
)
INSERT INTO draft (token_hash, hall_id, group_id, slot_id, service_ids, needed, answers, held_until,
                   created_at)
SELECT %(token)s, %(hall_id)s, %(group_id)s, slot_id, '[]', 1, '{}', %(held_until)s, %(now)s FROM picked
RETURNING id
"""

BOOK = """
WITH mine AS (
    SELECT number.id AS number_id, draft.id AS draft_id, slot.*
    FROM draft JOIN number ON number.hold_token = draft.token_hash JOIN slot ON slot.id = number.slot_id
    WHERE draft.token_hash = %(token)s FOR UPDATE OF number, draft
),
person AS (
    INSERT INTO citizen (reference, identity_kind, identity_index, number_sealed, name_sealed, phone_sealed,
                         phone_index, language, created_at)
    SELECT %(reference)s, 'resident_id', %(index)s, %(sealed)s, %(sealed)s, %(sealed)s, %(index)s, 'zh',
           %(now)s
    FROM mine RETURNING id
),
booked AS (
    INSERT INTO appointment (reference, code, citizen_id, hall_id, group_id, slot_id, on_date, starts_at,
                             ends_at, service_ids, answers, state, booked_at, phone_sealed, phone_index,
                             language)
    SELECT %(reference)s, %(code)s, person.id, mine.hall_id, mine.group_id, mine.id, mine.on_date,
           mine.starts_at, mine.ends_at, '[]', '{}', 'booked', %(now)s, %(sealed)s, %(index)s, 'zh'
    FROM person, mine RETURNING id
),
bound AS (
    UPDATE number SET appointment_id = booked.id, hold_token = NULL, held_until = NULL
    FROM booked, mine WHERE number.id = mine.number_id
),
done AS (
    UPDATE draft SET appointment_id = booked.id FROM booked, mine WHERE draft.id = mine.draft_id
),
recorded AS (
    INSERT INTO audit_entry (at, recorded_at, actor_kind, action, subject_kind, subject_id,
                             to_state, details)
    SELECT %(now)s, %(now)s, 'citizen', 'appointment.book', 'appointment', id, 'booked', '{}' FROM booked
),
told AS (
    INSERT INTO outbox_event (name, payload, occurred_at, recorded_at)
    SELECT 'AppointmentBooked', '{}', %(now)s, %(now)s FROM booked
)
SELECT id FROM booked
"""

WHO = "SELECT staff_id FROM api_token WHERE token_hash = %(token)s"

LOCK = """
SELECT line.group_id FROM counter_skill JOIN line ON line.group_id = counter_skill.group_id
WHERE counter_skill.counter_id = %(counter_id)s AND line.on_date = %(on_date)s
ORDER BY line.id FOR UPDATE OF line
"""

FIRST = """
SELECT id FROM ticket WHERE group_id = ANY(%(groups)s) AND state = 'waiting' ORDER BY due_at, id LIMIT 1
"""

CALL = """
WITH taken AS (
    UPDATE ticket SET state = 'called', counter_id = %(counter_id)s, staff_id = %(staff_id)s,
                      called_at = %(now)s, since_at = %(now)s, step_counter_id = %(counter_id)s,
                      stepped_at = %(now)s
    WHERE id = %(id)s RETURNING *
),
counted AS (
    UPDATE line SET calls = calls + 1 FROM taken
    WHERE line.group_id = taken.group_id AND line.on_date = taken.on_date
),
called AS (
    INSERT INTO call (hall_id, group_id, on_date, ticket_id, counter_id, staff_id, track, was_return, reason,
                      called_at, last_called_at)
    SELECT hall_id, group_id, on_date, id, counter_id, staff_id, track, false, '{}', called_at, called_at
    FROM taken
),
recorded AS (
    INSERT INTO audit_entry (at, recorded_at, actor_kind, action, subject_kind, subject_id, hall_id,
                             from_state, to_state, details)
    SELECT called_at, called_at, 'staff', 'ticket.call', 'ticket', id, hall_id, 'waiting', 'called', '{}'
    FROM taken
),
told AS (
    INSERT INTO outbox_event (name, payload, occurred_at, recorded_at)
    SELECT 'TicketCalled', '{}', called_at, called_at FROM taken
)
SELECT label FROM taken
"""

_MOST = 1 << 20
_REFUSED = 409
app = Flask(__name__)
_threads = threading.local()


def _connection() -> Any:
    if not hasattr(_threads, "connection"):
        _threads.connection = psycopg.connect(os.environ["FLOOR_DATABASE"], autocommit=True)
    return _threads.connection


def _execute(statement: str, values: dict[str, Any]) -> Any:
    return _connection().execute(statement, values).fetchone()


@app.post("/hold")
def hold() -> tuple[dict[str, Any], int]:
    """Hold one number."""
    token = secrets.token_bytes(32)
    row = _execute(HOLD, {**request.get_json(), "token": token})
    return ({"token": token.hex()}, 201) if row else ({"token": None}, _REFUSED)


@app.post("/book")
def book() -> tuple[dict[str, Any], int]:
    """Book what is held."""
    body, drawn = request.get_json(), secrets.token_hex(16)
    values = {
        "token": bytes.fromhex(body["token"]),
        "reference": drawn,
        "index": bytes.fromhex(drawn),
        "code": drawn[:8],
        "sealed": secrets.token_bytes(60),
        "now": body["now"],
    }
    return ({"reference": drawn}, 201) if _execute(BOOK, values) else ({"reference": None}, _REFUSED)


@app.post("/call")
def call() -> dict[str, Any]:
    """Call who has the smallest key of a counter's lines, which are locked meanwhile: four statements."""
    connection, values = _connection(), request.get_json()
    who = _execute(WHO, {"token": bytes.fromhex(values["token"])})
    with connection.transaction():
        groups = [row[0] for row in connection.execute(LOCK, values).fetchall()]
        first = _execute(FIRST, {"groups": groups})
        return {"label": _execute(CALL, {**values, "staff_id": who[0], "id": first[0]})[0]}


@app.get("/bytes/<int:size>")
def some_bytes(size: int) -> Response:
    """JSON of so many bytes."""
    return Response('"' + "x" * (min(size, _MOST) - 2) + '"', content_type="application/json")
