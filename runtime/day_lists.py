"""The halls' lists of bookings as files, written ahead: they are there when nothing else is."""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from halls.models import Hall
from halls.queries import get_hall_by_id
from kernel.actor import SYSTEM
from kernel.table_files import write_xlsx
from queueing.day_list import cells_of, take_day_list, title_of

KEPT = timedelta(days=7)
_PRIVATE = 0o600

_folder: list[Path] = []


def use(folder: Path) -> None:
    """Where this process writes lists, set once when it starts."""
    _folder[:] = [folder]


def write_tomorrow(session: Session, hall_id: int | None, due_at: datetime, now: datetime) -> None:
    """In the evening: the list of the next day."""
    hall = get_hall_by_id(session, hall_id or 0)
    write_list(session, hall, on_date=_day(hall, due_at) + timedelta(days=1), now=now)


def write_today(session: Session, hall_id: int | None, due_at: datetime, now: datetime) -> None:
    """In the morning: the day's list once more, with what was booked and cancelled overnight."""
    hall = get_hall_by_id(session, hall_id or 0)
    write_list(session, hall, on_date=_day(hall, due_at), now=now)


def write_list(session: Session, hall: Hall, *, on_date: date, now: datetime) -> Path | None:
    """Write a hall's list as a workbook ready to print; None when nobody said where.

    Readable by the program's own account alone, replaced in one step, and removed a week later.
    """
    if not _folder:
        return None
    day = take_day_list(session, hall, on_date=on_date, actor=SYSTEM, now=now)
    data = write_xlsx(cells_of(day, "zh"), name=hall.code, printed=title_of(day, "zh"))
    folder = _folder[0]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{on_date.isoformat()}-{hall.code}.xlsx"
    half = path.with_suffix(".part")
    half.touch(_PRIVATE)
    half.write_bytes(data)
    half.replace(path)
    _remove_before(folder, on_date - KEPT)
    return path


def _remove_before(folder: Path, day: date) -> None:
    """Names begin with their day."""
    for path in folder.glob("????-??-??-*.xlsx"):
        if path.name[:10] < day.isoformat():
            path.unlink(missing_ok=True)


def _day(hall: Hall, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(hall.time_zone)).date()
