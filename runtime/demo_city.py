"""The demonstration's city: its data files, with sessions, seasons and closures soon after its first day."""

import re
from datetime import date, timedelta
from pathlib import Path

from kernel.data_folder import read_folder

_EXAMPLES = Path(__file__).parent.parent / "examples"
_SATURDAY, _SUNDAY = 6, 7
_WEEKDAYS = {"saturday": _SATURDAY, "sunday": _SUNDAY}
_DAY = re.compile(r'^(on|first_on|last_on) = "(?:\+(\d{1,3})|(saturday|sunday))"$', re.MULTILINE)


def city_folder() -> Path:
    """Where the demonstration city's data files are."""
    return _EXAMPLES / "city"


def with_days(files: dict[str, str], *, first_on: date) -> dict[str, str]:
    """The city's files with what `examples/city-days` adds to its halls, dated from the first day on.

    A demonstration may start on any day of any year: fixed dates would soon be over.
    """
    dated = dict(files)
    for name, text in read_folder(_EXAMPLES / "city-days").items():
        dated[f"halls/{name}"] += "\n" + _DAY.sub(lambda found: _dated(found, first_on), text)
    return dated


def _dated(found: re.Match[str], first_on: date) -> str:
    key, days, weekday = found.groups()
    ahead = int(days) if days else (_WEEKDAYS[weekday] - first_on.isoweekday()) % 7 or 7
    return f"{key} = {first_on + timedelta(days=ahead)}"
