"""Audit entry and event in one statement, where every round trip counts (booking, calling).

`tell` is that statement; `told_of` makes both part of the statement that writes the subject itself.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    DateTime,
    String,
    TextClause,
    bindparam,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from kernel import audit, outbox
from kernel.actor import Actor

_ENTRY = (
    "at",
    "recorded_at",
    "actor_kind",
    "actor_id",
    "action",
    "subject_kind",
    "subject_id",
    "hall_id",
    "from_state",
    "to_state",
    "details",
)
_EVENT = ("name", "payload", "occurred_at", "recorded_at")
_RECORD = insert(audit.AuditEntry).values({name: bindparam(name) for name in _ENTRY}).cte("recorded")
_TELL = (
    insert(outbox.OutboxEvent).values({name: bindparam(f"event_{name}") for name in _EVENT}).add_cte(_RECORD)
)


def tell(
    session: Session,
    event: outbox.Event,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    subject: tuple[str, int | None],
    hall_id: int | None = None,
    states: tuple[str | None, str | None] = (None, None),
    **details: Any,
) -> None:
    """What `audit.record` and `outbox.emit` do, at once."""
    entry = audit.values(
        action, actor=actor, now=now, subject=subject, hall_id=hall_id, states=states, **details
    )
    told = {f"event_{name}": value for name, value in outbox.values(event, now=now).items()}
    session.connection().execute(_TELL, {**entry, **told})


def _all_of(table: str, columns: Sequence[str]) -> TextClause:
    names = ", ".join(columns)
    return text(f"""
        INSERT INTO {table} ({names})
        SELECT {names} FROM jsonb_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS jsonb))
    """)  # noqa: S608  # names of our own, no values


_RECORD_ALL = _all_of("audit_entry", _ENTRY)
_TELL_ALL = _all_of("outbox_event", _EVENT)


def tell_all(
    session: Session, entries: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]]
) -> None:
    """Many entries (`audit.values`) and events (`outbox.values`), in their order, in a statement each."""
    for statement, rows in ((_RECORD_ALL, entries), (_TELL_ALL, events)):
        written = json.dumps([dict(row) for row in rows], ensure_ascii=False, default=datetime.isoformat)
        session.execute(statement, {"rows": written})


_ENTRY_COLUMNS = {name: audit.AuditEntry.__table__.c[name] for name in _ENTRY}

#: Types of the parameters of `told_of`, where the statement does not say them.
TYPES = (
    bindparam("details", type_=JSONB),
    bindparam("event_payload", type_=JSONB),
    bindparam("actor_id", type_=BigInteger),
    bindparam("from_state", type_=String),
    bindparam("at", type_=DateTime(timezone=True)),
    bindparam("recorded_at", type_=DateTime(timezone=True)),
)


def told_of(source: str, event_field: str, **more: str) -> str:
    """Two more parts of a `WITH`: for each row of `source`, its audit entry and its event.

    The row's `id` is the audit's subject and the event's `event_field`; `more` are fields of the event that
    only the statement knows, as SQL. `values_of` gives the parameters.
    """
    known = {event_field: f"{source}.id", **more}
    fields = ", ".join(f"'{name}', {sql}" for name, sql in known.items())
    return f"""recorded AS (
    INSERT INTO audit_entry ({", ".join(_ENTRY)})
    SELECT :at, :recorded_at, :actor_kind, :actor_id, :action, :subject_kind, {source}.id, {source}.hall_id,
           :from_state, :to_state, :details
    FROM {source}
),
told AS (
    INSERT INTO outbox_event ({", ".join(_EVENT)})
    SELECT :event_name, :event_payload || jsonb_build_object({fields}), :at, :recorded_at
    FROM {source}
)"""  # noqa: S608  # names of our own, no values


def parts_of(
    source: CTE, *, at: ColumnElement[Any], more: Mapping[str, ColumnElement[Any]]
) -> tuple[CTE, CTE]:
    """As `told_of`, for statements that are not text. The row's `id` is the audit's subject."""
    given = {name: bindparam(name, type_=column.type) for name, column in _ENTRY_COLUMNS.items()}
    entry = given | {"at": at, "subject_id": source.c.id, "hall_id": source.c.hall_id}
    recorded = insert(audit.AuditEntry).from_select(list(entry), select(*entry.values())).cte("recorded")
    fields = [part for name, value in more.items() for part in (literal(name), value)]
    event = {
        "name": bindparam("event_name"),
        "payload": bindparam("event_payload", type_=JSONB).op("||")(func.jsonb_build_object(*fields)),
        "occurred_at": at,
        "recorded_at": given["recorded_at"],
    }
    told = insert(outbox.OutboxEvent).from_select(list(event), select(*event.values())).cte("told")
    return recorded, told


def values_of(
    event: outbox.Event,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    subject_kind: str,
    states: tuple[str | None, str | None] = (None, None),
    **details: Any,
) -> dict[str, Any]:
    """The parameters of `told_of`; the id in `event` is nobody's yet."""
    entry = audit.values(
        action,
        actor=actor,
        now=now,
        subject=(subject_kind, None),
        states=states,
        **details,
    )
    del entry["subject_id"], entry["hall_id"]  # those of the row
    told = outbox.values(event, now=now)
    return {**entry, "event_name": told["name"], "event_payload": told["payload"]}
