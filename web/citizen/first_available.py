"""The first times over all halls, one tap each to hold."""

from collections.abc import Mapping
from datetime import date

from flask import after_this_request, render_template, request, url_for
from flask.typing import ResponseReturnValue

from booking.city_offers import free_soon
from booking.first_available import first_available as find_first
from booking.slot_places import Alternative
from halls.models import Hall
from halls.queries import list_halls
from web import edge
from web.citizen.face import blueprint
from web.citizen.near import away, read_start
from web.citizen.slots import note_city_look, zone_of
from web.citizen.visit import get_visit
from web.device import give_device
from web.guards import public

SHOWN = 24


@blueprint.get("/services/<code>/first")
@public
def first_available(code: str) -> ResponseReturnValue:
    """Slots of all halls, nearest in time first, with how far each hall is where a start was given."""
    after_this_request(give_device)
    with edge.transaction() as session:
        visit = get_visit(session, code, request.args.get("a", ""))
        halls = {hall.code: hall for hall in list_halls(session)}
        answers = dict(visit.step.answers) if visit.step else {}
        found = find_first(session, code, answers=answers, now=edge.now(), limit=SHOWN)
        seen = {edge.local(each.starts_at, halls[each.hall_code].time_zone).date() for each in found.slots}
        zone = found.time_zone or zone_of(halls[each.hall_code] for each in found.slots)
        today = edge.today(zone)
        soon = free_soon(session, [code], seen, answers=answers, today=today, now=edge.now())
        note_city_look(session, [visit], zone=zone, found=soon)
    return render_template(
        "citizen/first.html",
        visit=visit,
        days=_by_day(found.slots, halls),
        next_release_at=found.next_release_at,
        release_zone=found.time_zone,
        here=url_for(".first_available", code=code, a=visit.answers or None),
    )


def _by_day(
    slots: list[Alternative], halls: Mapping[str, Hall]
) -> dict[date, list[tuple[Hall, Alternative, float | None]]]:
    """By the date of each hall's own clock."""
    start = read_start(halls.values())
    days: dict[date, list[tuple[Hall, Alternative, float | None]]] = {}
    for each in slots:
        hall = halls[each.hall_code]
        on_date = edge.local(each.starts_at, hall.time_zone).date()
        days.setdefault(on_date, []).append((hall, each, away(start, hall)))
    return days
