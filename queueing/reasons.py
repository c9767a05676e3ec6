"""PURE: why a ticket was called: a code and a time, stored with every call and told in one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum


class ReasonCode(StrEnum):
    """The sentence of the rule by which a ticket is next."""

    RETURNED = "returned"
    GREEN = "green"
    DUE_BOOKED = "due_booked"
    DUE_WALK_IN = "due_walk_in"
    DUE_LATE = "due_late"
    WALK_IN = "walk_in"
    LATE = "late"
    QUICK = "quick"
    EARLY_BOOKED = "early_booked"
    STANDBY = "standby"
    HELD_BACK = "held_back"
    CHOSEN = "chosen"
    FIRST_COME = "first_come"
    BOOKED_FIRST = "booked_first"
    LONGEST_WAIT = "longest_wait"

    __hash__ = str.__hash__  # as of queueing.ordering.Track


#: code → (Chinese, English); {at} is a hall-local time of day.
_TEXTS: dict[ReasonCode, tuple[str, str]] = {
    ReasonCode.RETURNED: ("转办或补件后返回", "Back after a transfer or with a missing paper"),
    ReasonCode.GREEN: ("绿色通道", "Green channel"),
    ReasonCode.DUE_BOOKED: ("到点预约 {at}", "Booked for {at}, now due"),
    ReasonCode.DUE_WALK_IN: ("现场号到承诺时刻 {at}", "Walk-in promised by {at}"),
    ReasonCode.DUE_LATE: ("迟到预约顺延至 {at}", "Late for an appointment, due from {at}"),
    ReasonCode.WALK_IN: ("现场号，{at} 取号", "Walk-in since {at}"),
    ReasonCode.LATE: ("迟到预约，{at} 签到", "Late for an appointment, here since {at}"),
    ReasonCode.QUICK: ("短件先办，{at} 取号", "Quick matter first, here since {at}"),
    ReasonCode.EARLY_BOOKED: ("预约提前 {at}", "Booked for {at}, called early"),
    ReasonCode.STANDBY: ("候补号，{at} 取号", "Standby since {at}"),
    ReasonCode.HELD_BACK: ("过号返回，无人在前", "Back after a missed call, nobody ahead"),
    ReasonCode.CHOSEN: ("工作人员指定", "Chosen by staff"),
    ReasonCode.FIRST_COME: ("先到先办，{at} 取号", "First come, here since {at}"),
    ReasonCode.BOOKED_FIRST: ("预约优先 {at}", "Booked for {at}, appointments first"),
    ReasonCode.LONGEST_WAIT: ("等候最久，自 {at}", "Longest weighted wait, since {at}"),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why this ticket: a code and, where the sentence names one, a time."""

    code: ReasonCode
    at: datetime | None = None

    def text(self, language: str, zone: tzinfo) -> str:
        """Say it in one line: "到点预约 10:00". A `language` starting with "en" is English, else Chinese."""
        chinese, english = _TEXTS[self.code]
        template = english if language.startswith("en") else chinese
        return template.format(at="" if self.at is None else f"{self.at.astimezone(zone):%H:%M}")

    def as_data(self) -> dict[str, str]:
        """Return the form that is stored with a call."""
        return (
            {"code": self.code.value}
            if self.at is None
            else {"code": self.code.value, "at": self.at.isoformat()}
        )

    @classmethod
    def from_data(cls, data: Mapping[str, str]) -> Reason:
        """Read what as_data wrote."""
        at = data.get("at")
        return cls(ReasonCode(data["code"]), None if at is None else datetime.fromisoformat(at))
