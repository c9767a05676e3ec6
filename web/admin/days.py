"""Working days that differ from the State Council's calendar: the city's own table, which wins."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.affected import Affected
from booking.change_days import DaysChange, change_days, preview_days
from booking.close import Then
from booking.notice_years import years_without_notice
from halls.calendar_days import days_back
from halls.models import CalendarDay
from halls.plan_rows import CalendarRow
from halls.queries import list_groups, list_halls
from kernel.errors import DomainError
from web import edge
from web.admin import plan_edge
from web.guards import staff_only

_FIELDS = ("restore", "remove", "on", "working", "name_zh", "name_en")


def _page(session: Session, *, wrong: dict[str, str] | None = None) -> str:
    days = session.scalars(select(CalendarDay).order_by(CalendarDay.on_date)).all()
    unknown = years_without_notice(session, now=edge.now())
    return render_template(
        "admin/plans/days.html", days=days, form=request.form, wrong=wrong or {}, unknown=unknown
    )


@staff_only("hall.edit")
def show() -> Any:
    """The table, and a form for one more day."""
    with edge.transaction() as session:
        return _page(session)


@staff_only("hall.edit")
def save() -> Any:
    """Write or remove a day, or have an earlier calendar again, in every hall.

    Where bookings lose their place, ask first.
    """
    try:
        who, asked = edge.require_everywhere("hall.edit"), "then" in request.form
        with edge.transaction() as session:
            change = _change(session)
            stranded = [] if asked else preview_days(session, change, actor=who, now=edge.now())
            if stranded:
                session.expire_all()
                return _ask(session, stranded)
            then = plan_edge.typed_choice(Then, "then") if asked else Then.KEEP
            rehoused = change_days(session, change, then=then, **plan_edge.who_and_why())
    except DomainError as error:
        return plan_edge.refused(error, _page)
    plan_edge.say_saved(rehoused)
    return redirect(url_for("admin.days"), 303)


def _change(session: Session) -> DaysChange:
    if number := plan_edge.typed("restore", 9):
        rows, removed = days_back(session, int(number) if number.isdecimal() else 0)
        return DaysChange(rows, removed)
    if plan_edge.typed("remove"):
        return DaysChange(removed=(plan_edge.typed_day("remove"),))
    return DaysChange((_typed(),))


def _ask(session: Session, stranded: Sequence[Affected]) -> str:
    halls = list_halls(session)
    return render_template(
        "admin/plans/decide_days.html",
        stranded=stranded,
        halls={hall.id: hall for hall in halls},
        groups={group.id: group for hall in halls for group in list_groups(session, hall.id)},
        fields=[(name, plan_edge.typed(name)) for name in _FIELDS if plan_edge.typed(name)],
        ways=plan_edge.THEN_NAMES,
        reasons=plan_edge.reason_options(),
    )


def _typed() -> CalendarRow:
    names = plan_edge.typed("name_zh", 60), plan_edge.typed("name_en", 80)
    return CalendarRow(plan_edge.typed_day("on"), plan_edge.typed("working") == "1", *names)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/days", "days", show)
    blueprint.add_url_rule("/days", "days_save", save, methods=["POST"])
