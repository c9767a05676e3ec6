"""PURE: a city's halls as they are written in files, kept as history and shown in forms: plain rows.

The rows carry what `halls.models` stores. Times are hall-local.
"""

from dataclasses import dataclass
from datetime import date, time

SLOT_MINUTES = 30
DAY_MINUTES = 24 * 60

#: What an extra session may be: 错时, 延时, 周末加考, 流动下乡.
SESSIONS = ("early_late", "extended", "weekend", "mobile")
MOBILE = "mobile"


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """A date that the city works, or does not, whatever the State Council's calendar says."""

    on_date: date
    working: bool
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A line of people; one number stands for `unit_minutes`, a visit lasts `mean_minutes` on average."""

    code: str
    letter: str
    name_zh: str
    name_en: str
    unit_minutes: int
    mean_minutes: float


@dataclass(frozen=True, slots=True)
class CounterRow:
    """A window and the codes of the groups it can serve."""

    number: int
    name_zh: str
    name_en: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanRow:
    """Every week on `weekdays` (1 = Monday), `counters` (may be a share) serve `group` in [starts, ends)."""

    group: str
    weekdays: tuple[int, ...]
    starts: time
    ends: time
    counters: float


@dataclass(frozen=True, slots=True)
class ExtraRow:
    """Once, on `on_date`: `kind` "extra" adds to the week's plan, "replace" stands in its place.

    `session` says what an extra one is (`SESSIONS`), `place` where it is held when not in the hall.
    """

    group: str
    on_date: date
    kind: str
    starts: time
    ends: time
    counters: float
    session: str = ""
    place_zh: str = ""
    place_en: str = ""


@dataclass(frozen=True, slots=True)
class SeasonRow:
    """From `first_on` to `last_on`, both included, `plan` replaces the hall's usual weekly lines."""

    name_zh: str
    name_en: str
    first_on: date
    last_on: date
    plan: tuple[PlanRow, ...]


@dataclass(frozen=True, slots=True)
class ClosureRow:
    """The hall, or one `group`, does not serve on `on_date` in [starts, ends)."""

    group: str | None
    on_date: date
    starts: time
    ends: time
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class HallFile:
    """One hall with everything that belongs to it. `handles`: groups of which it handles all services."""

    code: str
    name_zh: str
    name_en: str
    address_zh: str
    address_en: str
    phone: str
    latitude: float | None
    longitude: float | None
    groups: tuple[GroupRow, ...]
    counters: tuple[CounterRow, ...]
    plan: tuple[PlanRow, ...]
    extras: tuple[ExtraRow, ...]
    closures: tuple[ClosureRow, ...]
    handles: tuple[str, ...] = ()
    seasons: tuple[SeasonRow, ...] = ()


@dataclass(frozen=True, slots=True)
class CityFile:
    """The city and its halls. `halls` is in order of file name; `extends` is the folder it builds upon."""

    extends: str
    name_zh: str
    name_en: str
    time_zone: str
    calendar: tuple[CalendarRow, ...]
    halls: tuple[HallFile, ...]

    def groups_by_hall(self) -> dict[str, tuple[str, ...]]:
        """Hall code → its group codes; what a service may refer to."""
        return {hall.code: tuple(group.code for group in hall.groups) for hall in self.halls}


def minute_of(at: time) -> int:
    """Minutes since midnight."""
    return at.hour * 60 + at.minute
