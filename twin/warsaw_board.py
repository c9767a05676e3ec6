"""Reading the queue boards of Warsaw's municipal offices (City of Warsaw open data, package kolejkeR).

The boards were polled about every five minutes from 30 December 2019 to 22 January 2020. Columns: office,
time, date, status, displayed service minutes, position, queue id, open windows, queue name, queue letter,
people waiting, number now called. Two kinds of wrong clock are corrected here (`true_dates`).
"""

import csv
import gzip
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TextIO

from kernel.errors import Invalid, NotFound
from twin.warsaw_flow import Reading

FIRST_DAY, LAST_DAY = date(2019, 12, 30), date(2020, 1, 22)
COLUMNS = (
    "name",
    "time",
    "date",
    "idGrupy",
    "liczbaCzynnychStan",
    "nazwaGrupy",
    "literaGrupy",
    "liczbaKlwKolejce",
    "aktualnyNumer",
)


class BoardFileInvalid(Invalid):
    """The file is not a table of queue boards."""

    code = "board_file_invalid"
    zh = "{file} 不是排队数据表（{what}）。请给出 warsaw_queues.csv 或 .csv.gz。"
    en = "{file} is not a table of queue boards ({what}). Please give warsaw_queues.csv or .csv.gz."


class OfficeUnknown(NotFound):
    """The file does not know this office."""

    code = "office_unknown"
    zh = "数据里没有 {office}。可选：{offices}"
    en = "The data has no office {office}. It has: {offices}"


class BoardDateUnknown(NotFound):
    """The office's board was not read on this date."""

    code = "board_date_unknown"
    zh = "{office} 没有 {on_date} 的数据。可选：{dates}"
    en = "There is no data of {office} on {on_date}. There is of: {dates}"


def read_office(path: Path, office: str) -> list[Reading]:
    """All readings of an office, with corrected dates, in order of time.

    Raises `BoardFileInvalid` or `OfficeUnknown`.
    """
    offices: set[str] = set()
    rows: list[Mapping[str, str]] = []
    try:
        with _open(path) as file:
            for row in _rows(path, file):
                offices.add(row["name"])
                if row["name"] == office:
                    rows.append(row)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as wrong:
        raise BoardFileInvalid(file=path.name, what=str(wrong)) from wrong
    if not rows:
        raise OfficeUnknown(office=office, offices=", ".join(sorted(offices)))
    dates = true_dates({row["date"] for row in rows})
    try:
        readings = [_reading(row, dates) for row in rows]
    except (ValueError, TypeError) as wrong:
        raise BoardFileInvalid(file=path.name, what=str(wrong)) from wrong
    return sorted(readings, key=lambda reading: (reading.on_date, reading.minute))


def true_dates(stamped: Iterable[str]) -> dict[str, date]:
    """What the office's clock says → the real date.

    A clock that turned the year too early says 2020-12-30 for 2019-12-30. A clock of another year (2012) is
    moved as a whole, so that its first day is the first day of the collection. Dates that cannot be read
    are left out.
    """
    read: dict[str, date] = {}
    for text in stamped:
        try:
            read[text] = date.fromisoformat(text)
        except ValueError:
            continue
    early = [day for day in read.values() if day.year < FIRST_DAY.year]
    shift = FIRST_DAY - min(early) if early else FIRST_DAY - FIRST_DAY
    found: dict[str, date] = {}
    for text, day in read.items():
        if day > LAST_DAY:
            found[text] = day.replace(year=day.year - 1)
        elif day.year < FIRST_DAY.year:
            found[text] = day + shift
        else:
            found[text] = day
    return found


def readings_of_day(readings: Iterable[Reading], *, office: str, on_date: date) -> list[Reading]:
    """The readings of one real date; raises `BoardDateUnknown`."""
    every = list(readings)
    day = [reading for reading in every if reading.on_date == on_date]
    if not day:
        dates = sorted({reading.on_date.isoformat() for reading in every})
        raise BoardDateUnknown(office=office, on_date=on_date.isoformat(), dates=", ".join(dates))
    return day


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _rows(path: Path, file: TextIO) -> Iterator[Mapping[str, str]]:
    reader = csv.DictReader(file)
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise BoardFileInvalid(file=path.name, what="no column " + ", ".join(missing))
    return reader


def _reading(row: Mapping[str, str], dates: Mapping[str, date]) -> Reading:
    hours, _, minutes = row["time"].partition(":")
    if row["date"] not in dates:
        raise ValueError(f"date {row['date']!r}")
    return Reading(
        on_date=dates[row["date"]],
        minute=int(hours) * 60 + int(minutes[:2]),
        queue=row["idGrupy"],
        letter=row["literaGrupy"].strip(),
        name=" ".join(row["nazwaGrupy"].split()),
        windows=int(row["liczbaCzynnychStan"] or 0),
        waiting=int(row["liczbaKlwKolejce"] or 0),
        called=row["aktualnyNumer"].strip(),
    )
