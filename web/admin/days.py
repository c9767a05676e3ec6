"""Working days that differ from the State Council's calendar: the city's own table, which wins."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from halls.calendar_days import remove_day
from halls.edit import save_calendar
from halls.models import CalendarDay
from halls.plan_rows import CalendarRow
from kernel.errors import DomainError
from web import edge
from web.admin import plan_edge
from web.guards import staff_only


def _page(session: Session, *, wrong: list[str] | None = None) -> str:
    days = session.scalars(select(CalendarDay).order_by(CalendarDay.on_date)).all()
    return render_template("admin/plans/days.html", days=days, form=request.form, wrong=wrong or [])


@staff_only("hall.edit")
def show() -> Any:
    """The table, and a form for one more day."""
    with edge.transaction() as session:
        return _page(session)


@staff_only("hall.edit")
def save() -> Any:
    """Write or remove a day; it concerns every hall."""
    try:
        with edge.transaction() as session:
            who = edge.require_everywhere("hall.edit")
            if plan_edge.typed("remove"):
                remove_day(session, plan_edge.typed_day("remove"), actor=who, now=edge.now())
            else:
                save_calendar(session, (_typed(),), actor=who, now=edge.now())
    except DomainError as error:
        return plan_edge.refused(error, _page)
    flash(_("已保存，从下一次放号起生效。"), "ok")
    return redirect(url_for("admin.days"), 303)


def _typed() -> CalendarRow:
    names = plan_edge.typed("name_zh", 60), plan_edge.typed("name_en", 80)
    return CalendarRow(plan_edge.typed_day("on"), plan_edge.typed("working") == "1", *names)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/days", "days", show)
    blueprint.add_url_rule("/days", "days_save", save, methods=["POST"])
