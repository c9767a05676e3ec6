"""PURE: why somebody is put aside, and the room they are sent to."""

from __future__ import annotations

import re

from kernel.errors import Invalid

PARK_REASONS = ("paper", "photo", "payment", "check", "result", "other")

# A room is shown on the screens of the hall: it must not be able to carry a name or a message.
_NUMBER = re.compile(r"[0-9]{1,4}[A-Z]?|[A-Z][0-9]{1,4}")
_NAMED = re.compile(r"(?:[0-9A-Z]{1,5}号?|[一-龥]{1,5})(?:室|区|台|厅|柜|机|窗口|照相点)")


class ParkReasonUnknown(Invalid):
    """Somebody is put aside for one of the listed reasons."""

    code = "park_reason_unknown"
    zh = "请选择暂挂原因：补材料、照相、缴费、核查、等结果或其他。"
    en = "Please choose why: a paper, a photo, a payment, a check, a result, or other."


class RoomUnreadable(Invalid):
    """A room is a number, or a short name that ends as rooms do."""

    code = "room_unreadable"
    zh = "房间请写房号（如 3、A12）或名称（如 3号室、照相室、缴费台），会显示在叫号屏上。"
    en = "Please give the room as a number (3, A12) or a name such as 3号室; screens show it."


def room_of(text: str | None) -> str | None:
    """The room as screens show it: "3" is 3号室; None for nothing. Raises RoomUnreadable."""
    room = (text or "").strip().upper().replace(" ", "")
    if not room:
        return None
    if _NUMBER.fullmatch(room):
        return f"{room}号室"
    if not _NAMED.fullmatch(room):
        raise RoomUnreadable
    return room


def reason_of(text: str | None) -> str:
    """The reason; "other" where none is given. Raises ParkReasonUnknown."""
    reason = text or "other"
    if reason not in PARK_REASONS:
        raise ParkReasonUnknown
    return reason
