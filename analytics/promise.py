"""有号可约: is there a number to book within the next three working days, for every hall and group?"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from analytics.today import local_day
from booking.availability import day_counts
from booking.promise import PROMISE_DAYS
from halls import queries as halls
from halls.models import Hall, ServiceGroup
from halls.workdays import next_working_days

FEW = 5


@dataclass(frozen=True, slots=True)
class DayCell:
    """Free numbers of a group on one working day; `level` is plenty, few or none."""

    on_date: date
    free: int

    @property
    def level(self) -> str:
        """In words for people who do not see colours."""
        return "none" if self.free == 0 else "few" if self.free <= FEW else "plenty"


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """One hall × group with its next working days; `kept` while any of them has a free number."""

    hall: Hall
    group: ServiceGroup
    cells: tuple[DayCell, ...]

    @property
    def kept(self) -> bool:
        """Whether the promise holds at this moment (today is not counted)."""
        return any(cell.free for cell in self.cells)


def promise_rows(session: Session, shown: list[Hall], *, now: datetime) -> list[PromiseRow]:
    """The promise of every group of the halls, read with one query per hall."""
    calendar = halls.calendar(session)
    rows = []
    for hall in shown:
        # The State Council's calendar decides: a hall's own closure counts against its promise.
        days = next_working_days(local_day(hall, now), PROMISE_DAYS, calendar)
        groups = halls.list_groups(session, hall.id, active=True)
        counts = day_counts(
            session,
            [group.id for group in groups],
            first_on=days[0],
            last_on=days[-1],
            now=now,
        )
        free = {(count.group_id, count.on_date): count.free for count in counts}
        rows += [
            PromiseRow(hall, group, tuple(DayCell(day, free.get((group.id, day), 0)) for day in days))
            for group in groups
        ]
    return rows
