"""Rows as the API tells them: codes and references, never the ids of rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, BigInteger, bindparam, select, text
from sqlalchemy.orm import Session

from booking.asked import answer_of, reason_of
from booking.book_at_once import Booked
from booking.models import Appeal, Appointment, DocumentAppeal
from booking.recent import KEPT_SECONDS
from booking.slot_places import place_in
from booking.states import AppointmentState
from booking.undo_cancel import undo_until
from catalog.queries import services_of
from feedback.queries import find_survey_of_ticket
from halls.models import Hall, ServiceGroup
from halls.queries import get_group, get_hall_by_id, list_counters, list_groups
from kernel.actor import Actor
from kernel.direct import Direct, Statement
from kernel.kept import Kept
from queueing.call_at_once import CalledAtOnce
from queueing.models import Ticket
from queueing.place import OpenLine
from queueing.queries import of_appointment, ticket_view
from queueing.states import TicketState
from web import edge

_HALL = (
    "code", "name_zh", "name_en", "address_zh", "address_en", "phone", "latitude", "longitude", "time_zone",
)  # fmt: skip


def appeal(asked: Appeal | DocumentAppeal) -> dict[str, Any]:
    """An appeal of either kind, for whoever made it."""
    return {
        "reference": asked.reference,
        "state": asked.state,
        "asked_at": asked.created_at,
        "answer": answer_of(asked) or None,
    }


def appeal_of_hall(asked: Appeal | DocumentAppeal) -> dict[str, Any]:
    """What whoever decides sees of either kind; what it is about is particular to one."""
    return {**appeal(asked), "reason": reason_of(asked)}


def hall(row: Hall) -> dict[str, Any]:
    """A hall."""
    return {name: getattr(row, name) for name in _HALL}


def hall_with_parts(session: Session, row: Hall) -> dict[str, Any]:
    """A hall with its lines and counters."""
    groups = list_groups(session, row.id)
    codes = codes_of(groups)
    counters = [
        {
            "number": counter.number,
            "name_zh": counter.name_zh,
            "name_en": counter.name_en,
            "groups": [codes[group_id] for group_id in counter.group_ids],
        }
        for counter in list_counters(session, row.id)
    ]
    return {**hall(row), "groups": groups, "counters": counters}


def codes_of(groups: Iterable[ServiceGroup]) -> Mapping[int, str]:
    """Group id → code."""
    return {group.id: group.code for group in groups}


def service_codes(session: Session, service_ids: Sequence[int]) -> list[str]:
    """The codes of services, in their order."""
    return [service.code for service in services_of(session, service_ids)] if service_ids else []


_AROUND_TEXT = """
SELECT hall.code, hall.name_zh, hall.name_en, service_group.code, service.id, service.code
FROM hall
JOIN service_group ON service_group.id = :group_id
LEFT JOIN service ON service.id = ANY(:service_ids)
WHERE hall.id = :hall_id
"""
_AROUND = text(_AROUND_TEXT).bindparams(bindparam("service_ids", type_=ARRAY(BigInteger)))
_AROUND_AT_ONCE = Statement(_AROUND_TEXT)


class _Around(NamedTuple):
    code: str
    name_zh: str
    name_en: str
    group_code: str
    service_id: int | None
    service_code: str | None


def appointment(session: Session, row: Appointment) -> dict[str, Any]:
    """An appointment, without anything that says whose it is."""
    facts = _around(row, lambda wanted: session.execute(_AROUND, wanted).all())
    legs, ticket = _legs(session, row.legs, _codes(facts)), _ticket_of(session, row)
    until = undo_until(session, row, now=edge.now())
    return _appointment(row, facts, legs=legs, ticket=ticket) | {"undo_until": until}


def booked(direct: Direct, row: Booked) -> dict[str, Any]:
    """As `appointment`, of one that was made at once."""
    facts = _around(row, lambda wanted: direct.all(_AROUND_AT_ONCE, wanted))
    legs = []
    if row.legs:
        with edge.transaction() as session:
            legs = _legs(session, row.legs, _codes(facts))
    return _appointment(row, facts, legs=legs, ticket=None)


def _codes(facts: Sequence[_Around]) -> dict[int | None, str | None]:
    return {fact.service_id: fact.service_code for fact in facts}


def _appointment(
    row: Appointment | Booked, facts: Sequence[_Around], *, legs: list[dict[str, Any]], ticket: str | None
) -> dict[str, Any]:
    place, codes = facts[0], _codes(facts)
    return {
        "reference": row.reference,
        "code": row.code,
        "state": row.state,
        "hall": place.code,
        "hall_zh": place.name_zh,
        "hall_en": place.name_en,
        "group": place.group_code,
        "services": [codes[each] for each in row.service_ids if each in codes],
        "on": row.on_date,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        **place_in(row).as_json(),
        "booked_at": row.booked_at,
        "legs": legs,
        "undone": [codes[each] for each in row.undone_service_ids if each in codes],
        "undo_until": None,
        "ticket": ticket,
    }


def _legs(
    session: Session, legs: Sequence[Mapping[str, Any]], codes: Mapping[int | None, str | None]
) -> list[dict[str, Any]]:
    """The lines of a visit in order; none where there is only one."""
    return [
        {
            "group": get_group(session, leg["group_id"]).code,
            "services": [codes[each] for each in leg["service_ids"] if each in codes],
            "starts_at": datetime.fromisoformat(leg["starts_at"]),
        }
        for leg in legs
    ]


def _around(row: Appointment | Booked, read: Callable[[dict[str, Any]], Sequence[Any]]) -> Sequence[_Around]:
    """Names and codes, a row a service. Everybody who books waits for them, and they hardly ever change."""
    wanted = {"hall_id": row.hall_id, "group_id": row.group_id, "service_ids": list(row.service_ids)}
    kept: Kept[tuple[object, ...], Sequence[_Around]] = edge.of_parts("around", lambda: Kept(KEPT_SECONDS))
    key = (row.hall_id, row.group_id, *row.service_ids)
    return kept.get(key, lambda: [_Around(*fact) for fact in read(wanted)])


def _ticket_of(session: Session, row: Appointment) -> str | None:
    """The number it became; whoever has not checked in has none."""
    if row.state == AppointmentState.BOOKED:
        return None
    return session.scalar(select(Ticket.reference).where(of_appointment(row.id)))


def ticket(session: Session, row: Ticket, *, now: datetime) -> dict[str, Any]:
    """A ticket as its holder may see it, with the key to its survey."""
    survey = find_survey_of_ticket(session, row.id) if row.state == "completed" else None
    return {
        **ticket_at_work(session, row, now=now),
        "reference": row.reference,
        "survey": survey.reference if survey is not None else None,
    }


def given_ticket(
    session: Session, row: Ticket, *, now: datetime, reader: Actor, line: OpenLine | None = None
) -> dict[str, Any]:
    """A ticket just given: a device prints the reference, nobody else needs it."""
    reference = row.reference if reader.kind == "device" else None
    return {**ticket_at_work(session, row, now=now, line=line), "reference": reference}


def ticket_at_work(
    session: Session, row: Ticket, *, now: datetime, line: OpenLine | None = None
) -> dict[str, Any]:
    """A ticket as staff may see it: its reference leads to the rating of whoever serves it."""
    # Read first and kept: a session forgets rows that nobody holds, and would read them again.
    place, group = get_hall_by_id(session, row.hall_id), get_group(session, row.group_id)
    view = ticket_view(session, row, now=now, line=line)
    shared = ("label", "track", "late", "state", "issued_at", "slot_starts_at", "ahead",
              "latest_at", "counter_number", "to_counter_number", "called_at",
              "line_closed", "closed_at")  # fmt: skip
    return {
        **{name: getattr(view, name) for name in shared},
        "hall": place.code,
        "group": group.code,
        "group_zh": view.group_name_zh,
        "group_en": view.group_name_en,
        "next_groups": [line.code for line in view.next_lines],
        "low_minutes": view.low_min,
        "high_minutes": view.high_min,
    }


def called_at_once(called: CalledAtOnce, *, hall: str, counter: int) -> dict[str, Any]:
    """As a call by `call_next` is told."""
    ticket, zone = called.ticket, ZoneInfo(called.time_zone)
    next_groups = []
    if ticket.legs:
        with edge.transaction() as session:
            next_groups = [get_group(session, leg["group_id"]).code for leg in ticket.legs]
    return {
        "ticket": {
            "label": ticket.label,
            "hall": hall,
            "track": ticket.track,
            "late": ticket.late,
            "state": TicketState.CALLED,
            "group": ticket.group,
            "group_zh": ticket.group_zh,
            "group_en": ticket.group_en,
            "next_groups": next_groups,
            "issued_at": ticket.issued_at,
            "slot_starts_at": ticket.slot_starts_at,
            "ahead": None,
            "low_minutes": None,
            "high_minutes": None,
            "latest_at": ticket.promised_at,
            "counter_number": counter,
            "to_counter_number": None,
            "called_at": ticket.called_at,
            "line_closed": False,
            "closed_at": None,
        },
        "reason_zh": called.reason.text("zh", zone),
        "reason_en": called.reason.text("en", zone),
    }
