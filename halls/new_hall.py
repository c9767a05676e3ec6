"""PURE: what a new hall begins with: one line, one counter, open on working days. The rest is added to it."""

from collections.abc import Mapping
from typing import Any

_BEGINNING: Mapping[str, Any] = {
    "groups": [
        {
            "code": "A",
            "letter": "A",
            "name_zh": "综合",
            "name_en": "General",
            "unit_minutes": 10,
            "mean_minutes": 10,
        }
    ],
    "counters": [{"number": 1, "groups": ["A"]}],
    "plan": [{"group": "A", "weekdays": [1, 2, 3, 4, 5], "starts": "09:00", "ends": "17:00", "counters": 1}],
}


def new_hall_data(place: Mapping[str, Any]) -> dict[str, Any]:
    """A hall in the shape of its file, at this place."""
    return {**place, **_BEGINNING}
