"""What this phone has asked people of the halls to decide, and how its persons stand with no-shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from booking import appeals, document_appeals, special_requests
from booking.asked import answer_of, asker_of
from booking.hall_rules import HallRules, rules_of
from booking.models import Appeal, Appointment, DocumentAppeal, SpecialRequest
from booking.policy import NoShowStanding
from booking.queries import name_on, references_of
from booking.standing import list_who_missed, no_shows_by_person
from catalog.queries import services_of
from halls.models import Hall
from people.citizens import phone_index
from people.identity import mask, mask_name
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


@dataclass(frozen=True, slots=True)
class Disputed:
    """An appeal for a document that others used, with its masked number, and the answer once there is one."""

    appeal: DocumentAppeal
    number: str
    answer: str


def decisions_of(session: Session, phone: str, halls: Mapping[int, Hall]) -> dict[str, Any]:
    """For the page of a phone's bookings."""
    rows = list_since(session, phone, halls, edge.now() - WEIGHS_FOR)
    return {
        "persons": _persons(session, phone, rows, halls),
        "missed": _missed(session, rows, halls),
        "disputed": _disputed(session, phone),
        "requests": _requests(session, phone, halls),
    }


def _persons(
    session: Session, phone: str, rows: Sequence[Appointment], halls: Mapping[int, Hall]
) -> list[Person]:
    hall_of = {row.citizen_id: row.hall_id for row in rows}
    newest = {row.citizen_id: row for row in rows}
    # Most people have missed nothing; who was erased stands nowhere.
    known = [each for each in list_who_missed(session, hall_of) if each.identity_index is not None]
    rules = {each.identity_index: rules_of(halls[hall_of[each.id]]) for each in known if each.identity_index}
    standings = no_shows_by_person(session, rules, told=phone_index(phone), now=edge.now())
    found = []
    for each in known:
        person = each.identity_index or b""
        standing = standings[person]
        if standing.counted or standing.suspended_until:
            name = mask_name(name_on(session, newest[each.id]))
            found.append(Person(name, standing, rules[person]))
    return found


def _missed(session: Session, rows: Sequence[Appointment], halls: Mapping[int, Hall]) -> list[Missed]:
    made = appeals.appeals_about(session, [row.id for row in rows])
    found = []
    for row in reversed(rows):
        own = made.get(row.id)
        may = own is None and appeals.can_appeal(row, rules=rules_of(halls[row.hall_id]), now=edge.now())
        if may or own is not None:
            answer = answer_of(own) if own else ""
            found.append(Missed(row, halls[row.hall_id], own, answer, may))
    return found


def _disputed(session: Session, phone: str) -> list[Disputed]:
    since = edge.now() - WEIGHS_FOR
    return [
        Disputed(
            each,
            mask(asker_of(each).identity_number),
            answer_of(each),
        )
        for each in document_appeals.list_own(session, phone, since=since)
    ]


def _requests(session: Session, phone: str, halls: Mapping[int, Hall]) -> list[Asked]:
    own = special_requests.list_own_requests(session, phone, since=edge.now() - SHOWN_FOR)
    rows = [each for each in own if each.hall_id in halls]
    services = {
        each.id: each for each in services_of(session, {id_ for row in rows for id_ in row.service_ids})
    }
    booked = references_of(session, [row.appointment_id for row in rows if row.appointment_id is not None])
    return [
        Asked(
            request=row,
            hall=halls[row.hall_id],
            services=[services[id_] for id_ in row.service_ids if id_ in services],
            answer=answer_of(row),
            booked=booked.get(row.appointment_id or 0, ""),
        )
        for row in rows
    ]
