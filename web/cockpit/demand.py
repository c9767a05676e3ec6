"""Who wanted a number and found none soon: per day, service and hall, on a page and as a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from analytics.demand import Demand, FailedLooks, demand, failed_looks
from booking.attempts import WHOLE_CITY, count_looks
from catalog.models import Service
from catalog.queries import services_of
from halls.models import Hall
from kernel.errors import NotFound
from web import edge
from web.admin.tables import as_file
from web.cockpit.my_halls import my_halls
from web.guards import staff_only

DAYS = (7, 30, 90)
#: More rows than anybody reads on a page; the file has them all.
MOST = 200


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the page is asked for. `chosen` None: all halls that the actor sees."""

    halls: list[Hall]
    chosen: Hall | None
    first_on: date
    last_on: date
    days: int

    @property
    def shown(self) -> list[Hall]:
        return [self.chosen] if self.chosen is not None else self.halls

    @property
    def ids(self) -> list[int]:
        """Of the halls; looks at the whole city belong to none, and only who sees all halls sees them."""
        city = [WHOLE_CITY] if self.chosen is None and edge.actor().everywhere else []
        return [hall.id for hall in self.shown] + city


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the page; `hall` None: looked for in all halls together."""

    looks: FailedLooks
    hall: Hall | None
    service: Service


def _read(session: Session) -> _Asked:
    halls, code = my_halls(session), request.args.get("hall", "")
    chosen = next((hall for hall in halls if hall.code == code), None)
    typed = request.args.get("days", "")
    if (code and chosen is None) or (typed and typed not in {str(each) for each in DAYS}):
        raise NotFound
    days = int(typed or DAYS[0])
    zone = (chosen or halls[0]).time_zone if halls else "Asia/Shanghai"
    today = edge.today(zone)
    return _Asked(halls, chosen, today - timedelta(days=days - 1), today, days)


def _rows(session: Session, asked: _Asked, *, most: int | None) -> list[_Row]:
    found = failed_looks(
        session, first_on=asked.first_on, last_on=asked.last_on, hall_ids=asked.ids, most=most
    )
    halls = {hall.id: hall for hall in asked.halls}
    services = {each.id: each for each in services_of(session, {each.service_id for each in found})}
    return [
        _Row(each, halls.get(each.hall_id), services[each.service_id])
        for each in found
        if each.service_id in services
    ]


def _total(session: Session, asked: _Asked) -> tuple[Demand, int]:
    """All who asked, and how many of these looked for a number."""
    of_days = {"first_on": asked.first_on, "last_on": asked.last_on}
    ids: Sequence[int | None] = [hall.id for hall in asked.shown]
    if asked.chosen is None and edge.actor().everywhere:
        ids = [None]  # the city: who found a number in any hall has found one
    every = [demand(session, **of_days, hall_id=each) for each in ids]
    looked = sum(count_looks(session, **of_days, hall_id=each).looked for each in ids)
    sums = (sum(getattr(each, name) for each in every) for name in ("booked", "failed", "walk_ins"))
    return Demand(*sums), looked


@staff_only("cockpit.view")
def page() -> Any:
    """The last days of one's halls, or of one of them.

    Raises:
        NotFound
    """
    with edge.transaction() as session:
        asked = _read(session)
        total, looked = _total(session, asked)
        rows = _rows(session, asked, most=MOST + 1)
    return render_template(
        "cockpit/demand.html",
        asked=asked,
        total=total,
        looked=looked,
        rows=rows[:MOST],
        more=len(rows) > MOST,
        most=MOST,
        choices=DAYS,
    )


@staff_only("cockpit.view")
def file(suffix: str) -> Response:
    """The same with all rows.

    Raises:
        NotFound
    """
    english = edge.language() == "en"
    with edge.transaction() as session:
        asked = _read(session)
        rows = _rows(session, asked, most=None)
    head = [_("日期"), _("大厅编号"), _("大厅"), _("事项编号"), _("事项"), _("查过的人次"), _("没查到的人次")]
    cells = [[str(each) for each in head]]
    for row in rows:
        place = (row.hall.name_en if english else row.hall.name_zh) if row.hall else str(_("全市一起查"))
        name = row.service.name_en if english else row.service.name_zh
        code = row.hall.code if row.hall else ""
        counts = [str(row.looks.looked), str(row.looks.failed)]
        cells.append([row.looks.on_date.isoformat(), code, place, row.service.code, name, *counts])
    title = f"demand-{asked.first_on}-{asked.last_on}"
    return as_file(cells, title, suffix, title=str(_("没约到的需求")))


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/demand", "demand_page", page)
    blueprint.add_url_rule("/demand.<any(xlsx, csv):suffix>", "demand_file", file)
