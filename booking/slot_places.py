"""PURE: where a slot is held, the hall or a mobile session's village, and the slots nearest to another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol


class Place(NamedTuple):
    """Where people are served: a mobile session's village, or the hall, which needs no name."""

    name_zh: str = ""
    name_en: str = ""

    def as_json(self) -> dict[str, object]:
        """For answers of the API; nothing for the hall."""
        return {"place_zh": self.name_zh, "place_en": self.name_en} if self.name_zh else {}


IN_HALL = Place()


def place_told(facts: Mapping[str, Any]) -> Place:
    """What `as_json` told."""
    return Place(facts.get("place_zh", ""), facts.get("place_en", ""))


class _Row(Protocol):
    @property
    def place_zh(self) -> str: ...
    @property
    def place_en(self) -> str: ...


def place_in(row: _Row) -> Place:
    """Where a slot is held: a row of it, or a planned line."""
    return Place(row.place_zh, row.place_en) if row.place_zh else IN_HALL


@dataclass(frozen=True, slots=True)
class Alternative:
    """A free slot near one that is full."""

    hall_id: int
    hall_code: str
    group_id: int
    starts_at: datetime
    free: int
    place: Place = IN_HALL

    def as_json(self) -> dict[str, object]:
        """For `SlotFull.alternatives`."""
        return {
            "hall_id": self.hall_id,
            "hall_code": self.hall_code,
            "group_id": self.group_id,
            "starts_at": self.starts_at.astimezone(UTC).isoformat(),
            "free": self.free,
            **self.place.as_json(),
        }


def nearest_free(slots: Iterable[Alternative], starts_at: datetime) -> list[Alternative]:
    """Those that are free and do not begin at `starts_at` itself, the nearest first."""
    free = [slot for slot in slots if slot.free and slot.starts_at != starts_at]
    return sorted(free, key=lambda each: (abs(each.starts_at - starts_at), each.starts_at))
