"""What is free, before anybody has to sign in."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Response, jsonify
from sqlalchemy.orm import Session

from booking.attempts import WHOLE_CITY
from booking.availability import FreeDay
from booking.city_offers import free_soon
from booking.errors import ServiceNotOffered
from booking.first_available import first_available
from booking.policy import InPast
from booking.promise import promise_on
from booking.slot_places import Alternative
from booking.visit_availability import first_visit, next_release_for, visit_days
from booking.visit_offer import VisitOffer, get_visit_offer
from catalog.models import Service
from catalog.queries import ServiceUnknown, get_service
from halls.models import Hall, ServiceGroup
from halls.queries import HallUnknown, get_group, list_halls
from web import edge
from web.api.blueprint import Blueprint, refuses
from web.api.schemas import halls as shapes
from web.guards import public
from web.looks import note_look

blueprint = Blueprint("availability", __name__, description="Which times are free. 有号可约")

FARTHEST = timedelta(days=60)


@blueprint.get("/halls/<code:code>/availability")
@public
@refuses(HallUnknown, ServiceNotOffered, InPast)
@blueprint.arguments(shapes.AvailabilityQuerySchema(), location="query")
@blueprint.response(200, shapes.AvailabilitySchema())
def get_availability(query: Mapping[str, Any], code: str) -> Response:
    """Read the free times of a hall for the services of one visit.

    查询一个大厅某些事项可约的日期和时段。
    """
    now = edge.now()
    with edge.transaction() as session:
        offer = get_visit_offer(session, code, query["service"], answers={})
        today = offer.rules.date_of(now)
        first_on = query.get("from_", today)
        if first_on < today:
            raise InPast
        answer = _free(session, code, offer, first_on=first_on, days=query["days"])
        _note(session, offer, answer["days"], today=today)
    return jsonify(answer)  # by hand: a field at a time the schema takes longer than all the rest


@blueprint.get("/availability")
@public
@refuses(ServiceUnknown)
@blueprint.arguments(shapes.ServicesWantedSchema(), location="query")
@blueprint.response(200, shapes.FirstFreeListSchema())
def list_first_free(query: Mapping[str, Any]) -> dict[str, Any]:
    """Compare halls: where the services of one visit can be done first.

    比较各大厅：所选事项最早哪里有号。
    """
    with edge.transaction() as session:
        services = [get_service(session, service) for service in query["service"]]
        found = [_first(session, hall, query["service"]) for hall in list_halls(session)]
        rows = [row for row in found if row is not None]
        _note_city(session, services, [row["first_starts_at"] for row in rows if row["first_starts_at"]])
    rows.sort(key=lambda row: (row["first_starts_at"] is None, row["first_starts_at"], row["hall"]))
    return {"halls": rows}


@blueprint.get("/services/<code:code>/first-available")
@public
@refuses(ServiceUnknown)
@blueprint.arguments(shapes.FirstAvailableQuerySchema(), location="query")
@blueprint.response(200, shapes.FirstAvailableSchema())
def list_first_available(query: Mapping[str, Any], code: str) -> dict[str, Any]:
    """List the first free times of a service in all halls, mixed, the earliest first.

    各大厅混排的最早可约时间，时间近的在前；没有号时给出下次放号时间。
    """
    with edge.transaction() as session:
        found = first_available(session, code, answers={}, now=edge.now(), limit=query["limit"])
        halls = {hall.id: hall for hall in list_halls(session)}
        lines = {each.group_id for each in found.slots}
        groups = {group_id: get_group(session, group_id) for group_id in lines}
        rows = [_slot_of(each, halls[each.hall_id], groups[each.group_id]) for each in found.slots]
        _note_city(session, [get_service(session, code)], [each.starts_at for each in found.slots])
    return {"service": code, "slots": rows, "next_release_at": found.next_release_at}


def _slot_of(each: Alternative, hall: Hall, group: ServiceGroup) -> dict[str, Any]:
    return {
        "hall": hall.code,
        "name_zh": hall.name_zh,
        "name_en": hall.name_en,
        "group": group.code,
        "starts_at": each.starts_at,
        "free": each.free,
        **each.place.as_json(),
    }


def _free(session: Session, code: str, offer: VisitOffer, *, first_on: date, days: int) -> dict[str, Any]:
    now = edge.now()
    asked = [first_on + timedelta(days=n) for n in range(days)]
    free = visit_days(session, offer, first_on=asked[0], last_on=asked[-1], now=now)
    next_release = next_release_for(session, offer, now=now)
    return {
        "hall": code,
        "group": offer.legs[0].group_code,
        "groups": [leg.group_code for leg in offer.legs],
        "minutes": offer.minutes,
        "numbers_needed": offer.needed,
        "days": [_day(on, free.get(on)) for on in asked],
        "next_release_at": next_release and _at(next_release),
    }


def _note(session: Session, offer: VisitOffer, days: list[dict[str, Any]], *, today: date) -> None:
    """Remember a look that says something: it saw a number, or all days of the promise without one."""
    promise = promise_on(today, offer.calendar)
    found = promise.kept_by(date.fromisoformat(day["on"]) for day in days if day["free"])
    first_on, last_on = promise.first_on.isoformat(), promise.last_on.isoformat()
    if found or (days[0]["on"] <= first_on and days[-1]["on"] >= last_on):
        note_look(session, service_ids=offer.service_ids, hall_id=offer.hall_id, today=today, found=found)


def _note_city(session: Session, services: Sequence[Service], times: Sequence[datetime]) -> None:
    """Remember a look at all halls at once, which saw these free times."""
    codes, ids = [each.code for each in services], [each.id for each in services]
    seen, today = {edge.local(each).date() for each in times}, edge.today()
    found = free_soon(session, codes, seen, answers={}, today=today, now=edge.now())
    note_look(session, service_ids=ids, hall_id=WHOLE_CITY, today=today, found=found)


def _day(on: date, found: FreeDay | None) -> dict[str, Any]:
    slots = [
        {
            "starts_at": _at(slot.starts_at),
            "ends_at": _at(slot.ends_at),
            "free": slot.free,
            **slot.place.as_json(),
        }
        for slot in (found.slots if found else ())
    ]
    return {"on": on.isoformat(), "free": found.free if found else 0, "slots": slots}


def _at(moment: datetime) -> str:
    """As the field `At` tells it."""
    return moment.astimezone(UTC).isoformat()


def _first(session: Session, hall: Hall, services: Sequence[str]) -> dict[str, Any] | None:
    """The first free time of a hall; None when it does not handle these services together."""
    now = edge.now()
    try:
        offer = get_visit_offer(session, hall.code, services, answers={})
    except ServiceNotOffered:
        return None
    today = offer.rules.date_of(now)
    first = first_visit(session, offer, first_on=today, last_on=today + FARTHEST, now=now)
    return {
        "hall": hall.code,
        "name_zh": hall.name_zh,
        "name_en": hall.name_en,
        "group": offer.legs[0].group_code,
        "groups": [leg.group_code for leg in offer.legs],
        "first_starts_at": first.starts_at if first else None,
        "free": first.free if first else 0,
        "next_release_at": next_release_for(session, offer, now=now),
        **(first.place.as_json() if first else {}),
    }
