"""Where somebody starts from: a hall they know, or their phone's position, rounded to about a kilometre.

The position is part of the address only because a page without scripts has no other place for it, and only
rounded; it is stored nowhere, and whoever keeps addresses in a log keeps no more than a part of town.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Protocol, TypeVar

from flask import request

from halls.distance import Point, kilometres, parse_coarse
from halls.models import Hall
from web import edge


@dataclass(frozen=True, slots=True)
class Start:
    """A place to measure from. `hall_code` is set when it is a hall; `text` is the `near` of links."""

    point: Point
    hall_code: str
    text: str


class Place(Protocol):
    """A hall to go to, the numbers that it still has today, and its first free time."""

    @property
    def hall(self) -> Hall: ...
    @property
    def today(self) -> int: ...
    @property
    def first_at(self) -> datetime | None: ...


P = TypeVar("P", bound=Place)


def nearest_first(start: Start | None, places: Iterable[P]) -> list[P]:
    """Halls with numbers today, then those with any, the nearest first; without a start as they come."""
    if start is None:
        return list(places)

    def rank(place: P) -> tuple[bool, bool, float]:
        km = away(start, place.hall)
        return not place.today, place.first_at is None, inf if km is None else km

    return sorted(places, key=rank)


def read_start(halls: Iterable[Hall]) -> Start | None:
    """What the address says: `from` names a hall, `near` is a rounded position; None for neither."""
    wanted = request.args.get("from", "")
    for hall in halls:
        point = point_of(hall)
        if wanted and hall.code == wanted and point is not None:
            return Start(point, hall.code, "")
    near = parse_coarse(request.args.get("near", ""))
    return Start(near, "", f"{near.latitude:.2f},{near.longitude:.2f}") if near else None


def point_of(hall: Hall) -> Point | None:
    """Where a hall is, None when nobody has entered it."""
    if hall.latitude is None or hall.longitude is None:
        return None
    return Point(hall.latitude, hall.longitude)


def away(start: Start | None, hall: Hall) -> float | None:
    """Kilometres from the start as the crow flies; None when either is unknown."""
    point = point_of(hall)
    return kilometres(start.point, point) if start and point else None


def starts_to_choose(halls: Iterable[Hall]) -> list[tuple[str, str]]:
    """Addresses that somebody can start from, for a list: who knows no hall knows a road."""
    starts = [(hall.code, " · ".join(_known_by(hall))) for hall in halls if point_of(hall)]
    return sorted(starts, key=lambda each: each[1])


def _known_by(hall: Hall) -> list[str]:
    return [text for text in (edge.text(hall, "address"), edge.text(hall, "name")) if text]
