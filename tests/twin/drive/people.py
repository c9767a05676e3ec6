"""Visits in the states that figures and checks are about."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from twin.day_file import Person
from twin.drive.records import Visit

NINE = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """So many minutes after nine."""
    return NINE + timedelta(minutes=minutes)


def visit(number: int, *, track: str = "walk_in", absent: bool = False, **facts: Any) -> Visit:
    slot = time(9, 30) if track == "booked" else None
    person = Person(f"p{number}", "A", track, time(9), slot, 5.0, absent)
    return Visit(person=person, number=number, arrives_at=NINE, **facts)


def served(number: int, *, issued: float, called: float, track: str = "walk_in", **facts: Any) -> Visit:
    known: dict[str, Any] = {
        "came": True,
        "ticket": f"t{number}",
        "ticket_track": track,
        "label": f"A{number:03d}",
        "issued_at": at(issued),
        "called_at": at(called),
        "state": "served",
        **facts,
    }
    return visit(number, track=track, **known)
