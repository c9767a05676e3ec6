"""A hall's own booking rules, read from its row."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from booking.policy import DEFAULT_POLICY, BookingPolicy
from halls.models import Hall


@dataclass(frozen=True, slots=True)
class HallRules:
    """The policy in force and the hall's wall clock."""

    policy: BookingPolicy
    tz: ZoneInfo

    def date_of(self, moment: datetime) -> date:
        """The hall-local date of an instant."""
        return moment.astimezone(self.tz).date()


def rules_of(hall: Hall) -> HallRules:
    """The rules of a hall."""
    return rules_from(hall.policy, hall.time_zone)


def rules_from(policy: Mapping[str, Any], time_zone: str) -> HallRules:
    """The rules from the hall's columns, for statements that read only those."""
    booking: Mapping[str, Any] = policy.get("booking", {})
    found = _policy(json.dumps(booking, sort_keys=True)) if booking else DEFAULT_POLICY
    return HallRules(found, _zone(time_zone))


@lru_cache(maxsize=64)
def _policy(text: str) -> BookingPolicy:
    """Read once for each text: every booking asks for it."""
    return BookingPolicy.from_mapping(json.loads(text))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
