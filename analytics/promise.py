"""有号可约: is there a number to book within the next three working days, for every hall and group?"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from analytics.today import local_day
from booking.availability import day_counts
from booking.promise import promise_on
from halls import queries as halls
from halls.models import Hall, ServiceGroup

FEW = 5


@dataclass(frozen=True, slots=True)
class DayCell:
    """Free numbers of a group on one day; `level` is plenty, few or none."""

    on_date: date
    free: int

    @property
    def level(self) -> str:
        """In words for people who do not see colours."""
        return "none" if self.free == 0 else "few" if self.free <= FEW else "plenty"


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """One hall × group with the days of the promise; `kept` while any of them has a free number."""

    hall: Hall
    group: ServiceGroup
    cells: tuple[DayCell, ...]

    @property
    def kept(self) -> bool:
        """Whether the promise holds at this moment (today is not counted)."""
        return any(cell.free for cell in self.cells)


def promise_rows(session: Session, shown: list[Hall], *, now: datetime) -> list[PromiseRow]:
    """The promise of every group of the halls (`booking.promise`), read with one query per hall.

    Every row has the same days: the working ones, and of the others those on which any group has a number.
    """
    calendar = halls.calendar(session)
    days: set[date] = set()
    free: dict[tuple[int, date], int] = {}
    lines: list[tuple[Hall, ServiceGroup]] = []
    for hall in shown:
        # The State Council's calendar decides: a hall's own closure counts against its promise.
        promise = promise_on(local_day(hall, now), calendar)
        groups = halls.list_groups(session, hall.id, active=True)
        counts = day_counts(
            session,
            [group.id for group in groups],
            first_on=promise.first_on,
            last_on=promise.last_on,
            now=now,
        )
        free |= {(count.group_id, count.on_date): count.free for count in counts}
        days |= set(promise.working_days(calendar)) | {count.on_date for count in counts if count.free}
        lines += [(hall, group) for group in groups]
    return [
        PromiseRow(hall, group, tuple(DayCell(day, free.get((group.id, day), 0)) for day in sorted(days)))
        for hall, group in lines
    ]
