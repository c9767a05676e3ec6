"""PURE: why somebody is put aside, and the room they are sent to."""

from __future__ import annotations

import re
from collections.abc import Collection

from kernel.errors import Invalid

PARK_REASONS = ("paper", "photo", "payment", "check", "result", "other")

# A room is shown on the screens of the hall: it must not be able to carry a name or a message. So it has a
# number, or it stands in a list: of what many halls have, or of the hall's own (halls.screens).
_NUMBER = re.compile(r"[0-9]{1,4}[A-Z]?|[A-Z][0-9]{1,4}")
_NUMBERED = re.compile(r"(?:[A-Z]?[0-9]{1,4}[A-Z]?|[A-Z])号?(?:室|区|台|厅|柜|机|窗口|照相点)")
COMMON_ROOMS = (
    "照相室",
    "采集室",
    "缴费台",
    "缴费窗口",
    "缴费机",
    "取证窗口",
    "取证柜",
    "出件窗口",
    "统一出件窗口",
    "自助区",
    "自助机",
    "咨询台",
    "导办台",
    "接待室",
    "调解室",
    "体检室",
)


class ParkReasonUnknown(Invalid):
    """Somebody is put aside for one of the listed reasons."""

    code = "park_reason_unknown"
    zh = "请选择暂挂原因：补材料、照相、缴费、核查、等结果或其他。"
    en = "Please choose why: a paper, a photo, a payment, a check, a result, or other."


class RoomUnreadable(Invalid):
    """A room has a number, or is one of the names that are known in the hall."""

    code = "room_unreadable"
    zh = (
        "房间请写房号（如 3、A12、3号台）或通用名称（如 照相室、缴费台）；它会显示在叫号屏上。"
        "本厅自己的名称请管理员先在“叫号屏设置”里登记。"
    )
    en = (
        "Please give the room as a number (3, A12, 3号台) or a usual name (照相室, 缴费台): screens show it. "
        "Names of your own are first entered by an administrator in the settings of the call screens."
    )


def room_of(text: str | None, known: Collection[str] = ()) -> str | None:
    """The room as screens show it: "3" is 3号室; None for nothing. `known` are the hall's own names.

    Raises:
        RoomUnreadable
    """
    room = (text or "").strip().upper().replace(" ", "")
    if not room:
        return None
    if _NUMBER.fullmatch(room):
        return f"{room}号室"
    if room not in COMMON_ROOMS and room not in known and not _NUMBERED.fullmatch(room):
        raise RoomUnreadable
    return room


def reason_of(text: str | None) -> str:
    """The reason; "other" where none is given. Raises ParkReasonUnknown."""
    reason = text or "other"
    if reason not in PARK_REASONS:
        raise ParkReasonUnknown
    return reason
