"""The day's list on paper: for a hall and a day, to be printed or saved before the system is away."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from halls.models import Hall
from halls.queries import get_hall, list_halls
from kernel.errors import NotFound
from queueing.day_list import BLANK_ROWS, DayList, cells_of, take_day_list, title_of
from web import edge
from web.admin.tables import as_file
from web.guards import staff_only


@staff_only("list.print")
def home() -> Any:
    """Choose a hall and a day; once chosen, the list itself."""
    with edge.transaction() as session:
        halls = [hall for hall in list_halls(session) if edge.actor().may("list.print", hall.id)]
        if "hall" in request.args:
            day = _take(session, request.args["hall"], request.args.get("on", ""))
            facts = {"day": day, "title": title_of(day, edge.language()), "blank": BLANK_ROWS}
            return render_template("admin/day_list.html", **facts)
    today = edge.today(halls[0].time_zone) if halls else edge.today()
    days = [today, today + timedelta(days=1)]
    return render_template("admin/day_lists.html", halls=halls, today=today, days=days)


@staff_only("list.print")
def download(hall_code: str, on: str, suffix: str) -> Any:
    """The list as a workbook ready to print, or as CSV."""
    with edge.transaction() as session:
        day = _take(session, hall_code, on)
    language = edge.language()
    name = f"list-{day.hall.code}-{day.on_date}"
    return as_file(
        cells_of(day, language), name, suffix, title=day.hall.code, printed=title_of(day, language)
    )


def _take(session: Session, hall_code: str, on: str) -> DayList:
    hall: Hall = get_hall(session, hall_code)
    who = edge.require("list.print", hall.id)
    try:
        on_date = date.fromisoformat(on)
    except ValueError:
        raise NotFound from None
    return take_day_list(session, hall, on_date=on_date, actor=who, now=edge.now())


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/day-lists", "day_lists", home)
    path = "/day-lists/<hall_code>/<on>.<any(xlsx, csv):suffix>"
    blueprint.add_url_rule(path, "day_list_download", download)
