"""PURE: what a hall says about its call screens: who looks from where, zones, sound, nights.

Type size follows the last chair. Digits that are h mm high are read clearly from h × 0.4 m (the signage rule
of thumb); a digit is 0.72 of its font size. So a layout whose calls are set in `share` of a panel's height
reaches `share × height in mm × 0.72 × 0.4` metres, and the first layout that reaches the last chair is taken.
Larger type leaves room for fewer calls.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import time

_METRES_PER_MM = 0.4
_DIGIT = 0.72
_MM_PER_INCH = 25.4
_CODE = re.compile(r"[a-z0-9-]{1,16}")
_ROOM = re.compile(r"[0-9A-Z一-龥]{1,10}")
MOST_ROOMS = 40
CHAIR, INCHES = (2.0, 60.0), (10.0, 200.0)


#: What the settings are called, in both languages.
NAMES: Mapping[str, tuple[str, str]] = {
    "last_chair_m": ("最后一排座位的距离", "distance of the last chair"),
    "panel_inches": ("屏幕对角线", "diagonal of the panel"),
    "portrait": ("竖着挂", "hung upright"),
    "silent": ("静音叫号", "silent calling"),
    "english": ("英语报号", "calls in English"),
    "night_from": ("夜间黑屏的开始时间", "beginning of the night"),
    "night_to": ("夜间黑屏的结束时间", "end of the night"),
    "rooms": ("本厅的房间名称", "names of the hall's rooms"),
    "zones": ("区域", "zones"),
    "groups": ("区域的业务", "lines of a zone"),
    "counters": ("区域的窗口", "counters of a zone"),
}


class ScreenPolicyInvalid(ValueError):
    """A value has the wrong type or lies outside its range; `name` says which, `zh` and `en` why."""

    def __init__(self, name: str, *, zh: str, en: str) -> None:
        self.name, self.zh, self.en = name, zh, en
        super().__init__(f"{name}: {en}")

    @property
    def labels(self) -> tuple[str, str]:
        """The setting as people call it, in both languages."""
        return NAMES.get(self.name, (self.name, self.name))


@dataclass(frozen=True, slots=True)
class Layout:
    """How many last calls, and their font size as a share of the panel's height, landscape and portrait."""

    name: str
    rows: int
    share: float
    share_portrait: float


#: As in web/static/css/display.css, which a test compares.
LAYOUTS = (
    Layout("near", 6, 0.07, 0.041),
    Layout("far", 4, 0.11, 0.068),
    Layout("farthest", 3, 0.145, 0.092),
)


@dataclass(frozen=True, slots=True)
class Panel:
    """A 16:9 screen by its diagonal."""

    inches: float = 55.0
    portrait: bool = False

    @property
    def height_mm(self) -> float:
        """From the lower to the upper edge as it hangs."""
        return self.inches * _MM_PER_INCH * (16 if self.portrait else 9) / math.hypot(16, 9)

    def reach_m(self, layout: Layout) -> float:
        """From how far the calls of a layout are read clearly."""
        share = layout.share_portrait if self.portrait else layout.share
        return share * self.height_mm * _DIGIT * _METRES_PER_MM


def choose_layout(panel: Panel, last_chair_m: float) -> Layout:
    """The first layout that reaches the last chair.

    Raises:
        ScreenPolicyInvalid: none does; a larger panel, or one that hangs nearer, is needed.
    """
    for layout in LAYOUTS:
        if panel.reach_m(layout) >= last_chair_m:
            return layout
    farthest = panel.reach_m(LAYOUTS[-1])
    raise ScreenPolicyInvalid(
        "last_chair_m",
        zh=f"这块屏幕最远只能让 {farthest:.0f} 米内看清，请换更大的屏幕或挂近一些",
        en=f"this panel reaches {farthest:.0f} m at most; a larger or nearer one is needed",
    )


@dataclass(frozen=True, slots=True)
class Zone:
    """Part of a hall with screens of its own: calls of its lines to its counters.

    Naming no `groups` or no `counters` means all of them; what is None follows the hall.
    """

    code: str
    name_zh: str
    name_en: str = ""
    groups: tuple[str, ...] = ()
    counters: tuple[int, ...] = ()
    last_chair_m: float | None = None
    silent: bool | None = None


@dataclass(frozen=True, slots=True)
class ScreenPolicy:
    """The policy `screens` of a hall. Silent: calls are shown and flash, nothing is heard.

    `rooms` are names of rooms beside the usual ones: an officer sends people to a room by a number or by a
    name of a list, so that no name of a person gets onto a screen.
    """

    last_chair_m: float = 12.0
    panel_inches: float = 55.0
    portrait: bool = False
    silent: bool = False
    english: bool = False
    night_from: time = time(21)
    night_to: time = time(6)
    zones: tuple[Zone, ...] = field(default=())
    rooms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no panel can show."""
        _within("panel_inches", self.panel_inches, INCHES)
        for chair in (self.last_chair_m, *(zone.last_chair_m for zone in self.zones)):
            if chair is not None:
                _within("last_chair_m", chair, CHAIR)
                choose_layout(self.panel, chair)
        codes = [zone.code for zone in self.zones]
        if len(set(codes)) != len(codes):
            raise ScreenPolicyInvalid("zones", zh="两个区域的代码相同", en="two zones have one code")
        if len(self.rooms) > MOST_ROOMS or len(set(self.rooms)) != len(self.rooms):
            raise ScreenPolicyInvalid(
                "rooms",
                zh=f"最多 {MOST_ROOMS} 个，不能重复",
                en=f"there may be {MOST_ROOMS} at most, each once",
            )

    @property
    def panel(self) -> Panel:
        """The hall's usual screen."""
        return Panel(self.panel_inches, self.portrait)

    def layout(self, zone: Zone | None) -> Layout:
        """How large to write there."""
        chair = zone.last_chair_m if zone else None
        return choose_layout(self.panel, self.last_chair_m if chair is None else chair)

    def is_silent(self, zone: Zone | None) -> bool:
        """Whether nothing is heard there."""
        return self.silent if zone is None or zone.silent is None else zone.silent

    def find_zone(self, code: str) -> Zone | None:
        """The zone, None when there is none of this code."""
        return next((zone for zone in self.zones if zone.code == code), None)

    def is_night(self, at: time) -> bool:
        """Whether screens rest at this hall-local time; never when both ends are one."""
        if self.night_from <= self.night_to:
            return self.night_from <= at < self.night_to
        return at >= self.night_from or at < self.night_to

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> ScreenPolicy:
        """Read what a hall stores; what is absent keeps its default. Raises ScreenPolicyInvalid."""
        known = {each.name for each in fields(cls)}
        for name in values:
            if name not in known:
                raise ScreenPolicyInvalid(name, zh="没有这项设置", en="is no setting of screens")
        read = {name: _read(name, value) for name, value in values.items()}
        return cls(**read)  # type: ignore[arg-type]  # _read gave each its type

    def as_mapping(self) -> dict[str, object]:
        """JSON-ready data that `from_mapping` reads."""
        return {
            "last_chair_m": self.last_chair_m,
            "panel_inches": self.panel_inches,
            "portrait": self.portrait,
            "silent": self.silent,
            "english": self.english,
            "night_from": self.night_from.isoformat("minutes"),
            "night_to": self.night_to.isoformat("minutes"),
            "zones": [
                {each.name: _plain(getattr(zone, each.name)) for each in fields(Zone)} for zone in self.zones
            ],
            "rooms": list(self.rooms),
        }


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _read(name: str, value: object) -> object:
    if name == "zones":
        return tuple(_zone(each) for each in _list(name, value))
    if name == "rooms":
        return tuple(_room(each) for each in _list(name, value))
    if name in ("portrait", "silent", "english"):
        return _flag(name, value)
    if name in ("night_from", "night_to"):
        return _time(name, value)
    return _number(name, value)


def _zone(value: object) -> Zone:
    if not isinstance(value, Mapping):
        raise ScreenPolicyInvalid("zones", zh="每个区域应是一组键和值", en="a zone is a mapping")
    code, name_zh = value.get("code"), value.get("name_zh")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise ScreenPolicyInvalid(
            "zones",
            zh="代码应为 1 到 16 个小写字母、数字或横线",
            en="a code is 1 to 16 small letters, digits or hyphens",
        )
    if not isinstance(name_zh, str) or not name_zh:
        raise ScreenPolicyInvalid("zones", zh="区域要有中文名称", en="a zone needs a name")
    chair, silent = value.get("last_chair_m"), value.get("silent")
    return Zone(
        code,
        name_zh,
        str(value.get("name_en") or ""),
        tuple(str(each) for each in _list("groups", value.get("groups", ()))),
        tuple(_whole(each) for each in _list("counters", value.get("counters", ()))),
        None if chair is None else _number("last_chair_m", chair),
        None if silent is None else _flag("silent", silent),
    )


def _room(value: object) -> str:
    if not isinstance(value, str) or not _ROOM.fullmatch(value):
        raise ScreenPolicyInvalid(
            "rooms",
            zh="名称应为 1 到 10 个汉字、数字或大写字母",
            en="a name is 1 to 10 Chinese characters, digits or capital letters",
        )
    return value


def _list(name: str, value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise ScreenPolicyInvalid(name, zh="应是一个列表", en="must be a list")
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ScreenPolicyInvalid("counters", zh="应是窗口的号码（整数）", en="must be whole numbers")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ScreenPolicyInvalid(name, zh="只能是“是”或“否”", en="must be true or false")
    return value


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ScreenPolicyInvalid(name, zh="应是一个数字", en="must be a number")
    return float(value)


def _time(name: str, value: object) -> time:
    try:
        return time.fromisoformat(str(value))
    except ValueError:
        raise ScreenPolicyInvalid(
            name, zh="应是时间，例如 21:00", en="must be a time such as 21:00"
        ) from None


def _within(name: str, value: float, limits: tuple[float, float]) -> None:
    low, high = limits
    if not low <= value <= high:
        raise ScreenPolicyInvalid(
            name, zh=f"应在 {low:g} 到 {high:g} 之间", en=f"must lie between {low:g} and {high:g}"
        )
