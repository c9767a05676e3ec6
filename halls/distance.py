"""PURE: how far halls are, as the crow flies; positions of people only rounded.

The haversine formula (R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984) on a sphere:
within half a percent, which is more than the way through a city leaves of it.
"""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

_EARTH_KM = 6371.0088  # mean radius, IUGG
#: Decimals that a person's position keeps: about a kilometre.
COARSE_DECIMALS = 2
_MOST_LATITUDE, _MOST_LONGITUDE = 90.0, 180.0


@dataclass(frozen=True, slots=True)
class Point:
    """Degrees north and east."""

    latitude: float
    longitude: float


def kilometres(one: Point, other: Point) -> float:
    """The distance between two points."""
    north, other_north = radians(one.latitude), radians(other.latitude)
    half_lat = (other_north - north) / 2
    half_lon = radians(other.longitude - one.longitude) / 2
    chord = sin(half_lat) ** 2 + cos(north) * cos(other_north) * sin(half_lon) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(chord)))


def parse_coarse(text: str) -> Point | None:
    """`30.27,120.16`, rounded again whatever was sent; None for anything that is no position."""
    pieces = text.split(",")
    if len(pieces) != 2 or len(text) > 40:  # noqa: PLR2004  # latitude and longitude
        return None
    try:
        latitude, longitude = (round(float(piece), COARSE_DECIMALS) for piece in pieces)
    except (ValueError, OverflowError):
        return None
    if not (abs(latitude) <= _MOST_LATITUDE and abs(longitude) <= _MOST_LONGITUDE):
        return None
    return Point(latitude, longitude)
