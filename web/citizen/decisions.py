"""What this phone has asked people of the halls to decide, and how its persons stand with no-shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from booking import appeals, special_requests
from booking.hall_rules import HallRules, rules_of
from booking.models import Appeal, Appointment, SpecialRequest
from booking.policy import NoShowStanding
from booking.queries import get_appointment_by_id
from booking.standing import list_who_missed, no_shows_of
from catalog.queries import services_of
from halls.models import Hall
from people.citizens import name_of
from people.identity import mask_name
from web import edge
from web.citizen.since import list_since

SHOWN_FOR = timedelta(days=60)
# The longest that a missed appointment may matter by the default policy: window and suspension.
WEIGHS_FOR = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Missed:
    """An appointment that counts as missed; `appeal` and `answer` once there are any."""

    appointment: Appointment
    hall: Hall
    appeal: Appeal | None
    answer: str
    can_appeal: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody for whom this phone booked, with missed appointments that count."""

    name: str
    standing: NoShowStanding
    rules: HallRules


@dataclass(frozen=True, slots=True)
class Asked:
    """A special request as its asker sees it; `booked` is the reference of what came of it."""

    request: SpecialRequest
    hall: Hall
    services: Sequence[Any]
    answer: str
    booked: str


def decisions_of(session: Session, phone: str, halls: Mapping[int, Hall]) -> dict[str, Any]:
    """For the page of a phone's bookings."""
    rows = list_since(session, phone, halls, edge.now() - WEIGHS_FOR)
    return {
        "persons": _persons(session, rows, halls),
        "missed": _missed(session, rows, halls),
        "requests": [
            _asked(session, each, halls)
            for each in special_requests.list_own_requests(session, phone, since=edge.now() - SHOWN_FOR)
            if each.hall_id in halls
        ],
    }


def _persons(session: Session, rows: Sequence[Appointment], halls: Mapping[int, Hall]) -> list[Person]:
    found = []
    hall_of = {row.citizen_id: row.hall_id for row in rows}
    # Most people have missed nothing, and need not be asked about one by one.
    for citizen in list_who_missed(session, hall_of):
        rules = rules_of(halls[hall_of[citizen.id]])
        if citizen.identity_index is None:
            continue  # erased
        standing = no_shows_of(session, citizen.identity_index, rules=rules, now=edge.now())
        if standing.counted or standing.suspended_until:
            found.append(Person(mask_name(name_of(citizen)), standing, rules))
    return found


def _missed(session: Session, rows: Sequence[Appointment], halls: Mapping[int, Hall]) -> list[Missed]:
    made = appeals.appeals_about(session, [row.id for row in rows])
    found = []
    for row in reversed(rows):
        own = made.get(row.id)
        may = own is None and appeals.can_appeal(row, rules=rules_of(halls[row.hall_id]), now=edge.now())
        if may or own is not None:
            answer = appeals.answer_of(own) if own else ""
            found.append(Missed(row, halls[row.hall_id], own, answer, may))
    return found


def _asked(session: Session, request: SpecialRequest, halls: Mapping[int, Hall]) -> Asked:
    booked = get_appointment_by_id(session, request.appointment_id) if request.appointment_id else None
    return Asked(
        request=request,
        hall=halls[request.hall_id],
        services=services_of(session, request.service_ids),
        answer=special_requests.answer_of(request),
        booked=booked.reference if booked else "",
    )
