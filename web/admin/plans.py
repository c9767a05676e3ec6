"""The plan of a hall: weekly lines and seasons, published days, and the decision about stranded bookings."""

import json
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.close import Then
from booking.hall_rules import rules_of
from booking.publish import publish
from halls.conflicts import find_conflicts
from halls.models import Hall
from halls.plan_history import as_data, current_plan
from halls.queries import list_groups, list_halls
from kernel.errors import DomainError
from web import edge
from web.admin import plan_edge
from web.guards import staff_only

MOST_DAYS = 90
SPARE_ROWS = 2
CLOCKS = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(0, 24 * 60, 30)]
_PATH = "/plans/<code>"


@staff_only("plan.edit")
def home() -> Any:
    """The halls whose time one may plan."""
    with edge.transaction() as session:
        halls = [hall for hall in list_halls(session) if edge.actor().may("plan.edit", hall.id)]
    if len(halls) == 1:
        return redirect(url_for("admin.plan", code=halls[0].code))
    return render_template("admin/plans/halls.html", halls=halls)


def _page(session: Session, hall: Hall, *, wrong: dict[str, str] | None = None, data: Any = None) -> str:
    """The weekly lines, or those of the season in the address (`season=2`, `season=new`)."""
    plan = current_plan(session, hall)
    data = data or as_data(plan)
    season = request.args.get("season", "")
    chosen = _season(data, season)
    lines = chosen["plan"] if season else data["plan"]
    return render_template(
        "admin/plans/plan.html",
        hall=hall,
        data=data,
        season=season,
        chosen=chosen,
        groups=list_groups(session, hall.id, active=True),
        lines={group["code"]: _rows(lines, group["code"]) for group in data["groups"]},
        clocks=CLOCKS,
        base=plan_edge.base_number(session, hall),
        hints=[conflict for conflict in find_conflicts(plan) if not conflict.serious],
        wrong=wrong or {},
        most_days=MOST_DAYS,
    )


def _rows(lines: list[dict[str, Any]], group: str) -> list[dict[str, Any]]:
    blank = {"weekdays": [], "starts": "09:00", "ends": "17:00", "counters": ""}
    mine = [{**line, "counters": _shown(line["counters"])} for line in lines if line["group"] == group]
    mine.sort(key=lambda line: (min(line["weekdays"], default=0), line["starts"], line["ends"]))
    return mine + [blank] * SPARE_ROWS


def _shown(counters: Any) -> str:
    return f"{counters:g}" if isinstance(counters, int | float) else str(counters)


def _season(data: dict[str, Any], season: str) -> dict[str, Any]:
    """The season in the address; a new one begins as a copy of the usual week."""
    if season.isdecimal() and 1 <= int(season) <= len(data["seasons"]):
        found: dict[str, Any] = data["seasons"][int(season) - 1]
        return found
    return {"name_zh": "", "name_en": "", "first_on": "", "last_on": "", "plan": data["plan"]}


@staff_only("plan.edit")
def show(code: str) -> Any:
    """The plan of one hall."""
    with edge.transaction() as session:
        return _page(session, plan_edge.hall_of(session, code))


def _typed_lines() -> list[dict[str, Any]]:
    """The rows of the form; one without a number of counters is left out."""
    form = request.form
    columns = zip(
        form.getlist("group"),
        form.getlist("starts"),
        form.getlist("ends"),
        form.getlist("counters"),
        strict=False,
    )
    rows = []
    for at, (group, starts, ends, counters) in enumerate(columns):
        weekdays = [int(day) for day in form.getlist(f"weekdays-{at}") if day.isdecimal() and len(day) == 1]
        if counters.strip():
            row = {"group": group, "weekdays": weekdays, "starts": starts, "ends": ends}
            rows.append({**row, "counters": _share(counters)})
    return rows


def _share(text: str) -> Any:
    try:
        return round(float(text), 3)
    except ValueError:
        return text


def _typed_plan(data: dict[str, Any]) -> dict[str, Any]:
    season = request.args.get("season", "")
    if not season:
        return {**data, "plan": _typed_lines()}
    typed = {name: plan_edge.typed(name, 80) for name in ("name_zh", "name_en", "first_on", "last_on")}
    made = {**typed, "plan": _typed_lines()}
    seasons = list(data["seasons"])
    if season.isdecimal() and 1 <= int(season) <= len(seasons):
        seasons[int(season) - 1 : int(season)] = [] if plan_edge.typed("do") == "remove" else [made]
    else:
        seasons.append(made)
    return {**data, "seasons": seasons}


@staff_only("plan.edit")
def save(code: str) -> Any:
    """Save the lines; where bookings would be stranded, ask first."""
    data: dict[str, Any] = {}
    try:
        with edge.transaction() as session:
            hall = plan_edge.hall_of(session, code)
            data = _typed_plan(as_data(current_plan(session, hall)))
            back = url_for("admin.plan", code=code)
            return plan_edge.propose(session, hall, data, note=plan_edge.typed("note"), back=back)
    except DomainError as error:
        return plan_edge.refused(error, _again(code, data))


def _again(code: str, data: dict[str, Any]) -> Any:
    return lambda session, wrong: _page(session, plan_edge.hall_of(session, code), wrong=wrong, data=data)


@staff_only("plan.edit")
def decide(code: str) -> Any:
    """Save a plan that strands bookings, with what is to become of them.

    Raises:
        PlanMovedOn, CityFileInvalid, FormValueWrong
    """
    with edge.transaction() as session:
        hall = plan_edge.hall_of(session, code)
        if plan_edge.typed("base") != str(plan_edge.base_number(session, hall)):
            raise plan_edge.PlanMovedOn
        plan = plan_edge.read_plan(hall, {**as_data(current_plan(session, hall)), **_sent_times()})
        then = plan_edge.typed_choice(Then, "then")
        changed = plan_edge.save(session, plan, then, note=plan_edge.typed("note"))
    plan_edge.say_saved(changed.rehoused)
    return redirect(url_for("admin.plan", code=code), 303)


def _sent_times() -> dict[str, Any]:
    """The hours that were proposed; lines and counters, though sent too, are not a planner's to change."""
    try:
        sent = json.loads(request.form.get("plan", ""))
    except ValueError:
        raise plan_edge.FormValueWrong from None
    if not isinstance(sent, dict):
        raise plan_edge.FormValueWrong
    return {name: sent[name] for name in ("plan", "extras", "seasons") if name in sent}


@staff_only("plan.edit")
def publish_days(code: str) -> Any:
    """Write the numbers of so many days from today on."""
    typed = plan_edge.typed("days", 3)
    days = int(typed) if typed.isdecimal() else 0
    if not 1 <= days <= MOST_DAYS:
        wrong = {"days": str(_("应是 1 到 %(n)s 的整数", n=MOST_DAYS))}
        return plan_edge.refused(plan_edge.FormValueWrong(name="days"), _again(code, {}), wrong=wrong)
    with edge.transaction() as session:
        hall = plan_edge.hall_of(session, code)
        today = rules_of(hall).date_of(edge.now())
        last_on = today + timedelta(days=days - 1)
        who = edge.actor()
        added = publish(session, hall.id, first_on=today, last_on=last_on, actor=who, now=edge.now())
    flash(_("已放号到 %(day)s，新增 %(n)s 个号。", day=last_on.isoformat(), n=added), "ok")
    return redirect(url_for("admin.plan", code=code), 303)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/plans", "plans", home)
    blueprint.add_url_rule(_PATH, "plan", show)
    blueprint.add_url_rule(_PATH, "plan_save", save, methods=["POST"])
    blueprint.add_url_rule(f"{_PATH}/decide", "plan_decide", decide, methods=["POST"])
    blueprint.add_url_rule(f"{_PATH}/publish", "plan_publish", publish_days, methods=["POST"])
