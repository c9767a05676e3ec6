"""PURE: what a step changes on a ticket, kept as JSON for the ten seconds in which it can be taken back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

_PLAIN = (
    "state",
    "group_id",
    "counter_id",
    "staff_id",
    "reinsert_after_call",
    "recalls",
    "absences",
    "service_ids",
    "done_service_ids",
    "legs",
    "stays",
    "to_counter_id",
    "park_reason",
    "room",
    "minutes",
    "quick",
    "late",
    "reinstated",
)
_MOMENTS = ("due_at", "called_at", "started_at", "ended_at", "absent_at", "returned_at", "since_at")
_SPANS = ("wait_time", "walk_time", "service_time", "aside_time")
_MICROSECOND = timedelta(microseconds=1)

#: Steps that can be taken back with what `take` keeps; a call can be without it.
UNDOABLE = frozenset(
    {
        "ticket.start_serving",
        "ticket.mark_absent",
        "ticket.park",
        "ticket.transfer",
        "ticket.next_leg",
        "ticket.complete",
        "ticket.abandon",
        "ticket.resume",
        "ticket.return_to_line",
        "ticket.reinstate",
    }
)


def take(ticket: Any) -> dict[str, Any]:
    """The fields that steps change, as JSON."""
    moments = {name: getattr(ticket, name) for name in _MOMENTS}
    return {
        **{name: getattr(ticket, name) for name in _PLAIN},
        **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
        **{name: getattr(ticket, name) // _MICROSECOND for name in _SPANS},
    }


def restore(ticket: Any, kept: dict[str, Any]) -> None:
    """Put back all but the state, which has a verb of its own."""
    for name in _PLAIN[1:]:
        setattr(ticket, name, kept[name])
    for name in _MOMENTS:
        setattr(ticket, name, datetime.fromisoformat(kept[name]) if kept[name] else None)
    for name in _SPANS:
        setattr(ticket, name, kept[name] * _MICROSECOND)
