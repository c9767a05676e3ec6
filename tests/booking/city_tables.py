"""The example city as tables, for tests of taking them out and in."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from booking.tables import export_table
from halls.closures import add_closure
from halls.edit import save_calendar
from halls.models import Hall
from halls.plan_rows import CalendarRow
from kernel.actor import Actor
from people.permissions import permissions_of
from queueing.tables import KINDS
from runtime.load_city import load_city
from tests import build
from tests.conftest import NOW

CITY = Path(__file__).parents[2] / "examples" / "city"
CHIEF = Actor("staff", 1, permissions_of(["admin"]))
BY = {"actor": CHIEF, "now": NOW}


@pytest.fixture
def city(session):
    load_city(session, CITY, actor=CHIEF, now=NOW, passwords={})
    save_calendar(session, (CalendarRow(date(2026, 10, 8), True, "补班", "Make-up day"),), **BY)
    build.make_staff(session, username="li", roles=["officer"])
    hall = session.query(Hall).filter_by(code="xihu-station").one()
    when = {"starts_at": NOW + timedelta(days=2, seconds=17), "ends_at": NOW + timedelta(days=2, hours=3)}
    add_closure(session, hall, group_id=None, reason_zh="检修", reason_en="works", **when, **BY)


@pytest.fixture
def sheet(session, city):
    """A table as cells, by column name."""

    def take(code, actor=CHIEF):
        cells = export_table(session, KINDS[code], language="zh", actor=actor, now=NOW)
        cells[0] = [column.name for column in KINDS[code].sheet.columns]
        return cells

    return take


def put(cells, line, **values):
    for name, value in values.items():
        cells[line - 1][cells[0].index(name)] = value
    return cells


def find(cells, **values):
    """The number of the first line with these values."""
    wanted = [(cells[0].index(name), value) for name, value in values.items()]
    return next(n for n, row in enumerate(cells, 1) if all(row[at] == value for at, value in wanted))
