"""One hall: its place, its lines, its counters. What is typed goes through the checks of a hall's file."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.change_plan import change_plan, preview_plan
from booking.close import Then
from halls.edit import save_hall
from halls.line_tables import without_line
from halls.models import Hall
from halls.new_hall import new_hall_data
from halls.plan_file import hall_from_data
from halls.plan_history import as_data, current_plan
from halls.queries import CounterNotFound, GroupUnknown, get_hall, list_groups
from kernel.errors import Conflict, DomainError
from people.code_budget import usage
from web import edge, problems
from web.admin import entry, plan_edge
from web.code_payer import payer_of
from web.guards import staff_only

Data = dict[str, Any]
_PLACE = ("name_zh", "name_en", "address_zh", "address_en", "phone")
_GROUP = ("letter", "name_zh", "name_en")
_MINUTES = ("unit_minutes", "mean_minutes")
_OF_THE_FORM = {"csrf_token", "press", "then"}


class HallCodeTaken(Conflict):
    """A new hall would replace an old one."""

    code = "hall_code_taken"
    zh = "已有代码为“{taken}”的大厅，请换一个代码。"
    en = "There is a hall with the code “{taken}” already. Please choose another code."


class CounterNumberTaken(Conflict):
    """Two counters of a hall would share a number."""

    code = "counter_number_taken"
    zh = "本大厅已有 {taken} 号窗口，请换一个号。"
    en = "This hall has a counter {taken} already. Please choose another number."


def _locked(session: Session, code: str) -> Hall:
    """The hall, for whoever may edit it, locked: of two editors the second sees what the first wrote."""
    hall = get_hall(session, code)
    edge.require("hall.edit", hall.id)
    session.execute(select(Hall.id).where(Hall.id == hall.id).with_for_update())
    return hall


def _change(code: str, alter: Callable[[Data], None]) -> Any:
    """Alter the hall's data and save it, or ask first what is to become of bookings that lose their place.

    Raises:
        CityFileInvalid, LetterTaken, FormValueWrong, and what `alter` raises
    """
    back, asked = url_for("admin.hall", code=code), "then" in request.form
    with edge.transaction() as session:
        hall = _locked(session, code)
        data = as_data(current_plan(session, hall))
        alter(data)
        plan = hall_from_data({name: value for name, value in data.items() if name != "code"}, code=code)
        stranded = [] if asked else preview_plan(session, plan, actor=edge.actor(), now=edge.now())
        if stranded:
            session.expire_all()
            sent = [each for each in request.form.items(multi=True) if each[0] not in _OF_THE_FORM]
            url = request.path
            return plan_edge.decide_page(session, hall, stranded, action=url, fields=sent, back=back)
        then = plan_edge.typed_choice(Then, "then") if asked else Then.KEEP
        changed = change_plan(session, plan, then=then, **plan_edge.who_and_why())
    flash(_("已保存，群众立即可见。"), "ok")
    plan_edge.say_rehoused(changed.rehoused)
    return redirect(back, 303)


def _read(code: str) -> tuple[Hall, Data]:
    with edge.transaction() as session:
        hall = get_hall(session, code)
        edge.require("hall.edit", hall.id)
        return hall, as_data(current_plan(session, hall))


@staff_only("hall.edit")
def show(code: str) -> Any:
    """The hall with its lines and counters."""
    return page(code)


def page(
    code: str,
    *,
    place: Data | None = None,
    budget: Data | None = None,
    errors: dict[str, str] | None = None,
) -> str:
    """The hall's page, with what was typed where that is wrong."""
    hall, data = _read(code)
    with edge.transaction() as session:
        used = usage(session, payer_of(session, hall), now=edge.now())
    facts: dict[str, Any] = {"used": used, "budget": budget or asdict(used.budget), "errors": errors or {}}
    facts["closed"] = _closed(hall)
    return render_template("admin/hall.html", hall=hall, data=data, place=place or data, **facts)


@staff_only("hall.edit")
def new() -> Any:
    """An empty form."""
    edge.require_everywhere("hall.edit")
    return render_template("admin/hall.html", hall=None, data={}, place={}, errors={})


def _typed_place() -> Data:
    typed: Data = {**entry.texts(_PLACE)}
    for name in ("latitude", "longitude"):
        typed |= {name: entry.decimal(name)} if entry.text(name) else {}
    return typed


@staff_only("hall.edit")
def add() -> Any:
    """Make a hall with one line and one counter, open on working days: more is added on its pages."""
    who, place, code = edge.require_everywhere("hall.edit"), _typed_place(), entry.text("code")
    try:
        with edge.transaction() as session:
            if session.scalar(select(Hall.id).where(Hall.code == code)) is not None:
                raise HallCodeTaken(taken=code)
            save_hall(session, hall_from_data(new_hall_data(place), code=code), actor=who, now=edge.now())
    except DomainError as error:
        facts = {"place": {**place, "code": code}, "errors": entry.mistakes(error)}
        return render_template("admin/hall.html", hall=None, data={}, **facts), problems.status_of(error)
    flash(_("大厅已建立，先放了一个业务组、一个窗口和工作日 9 点到 17 点的计划，请按实际修改。"), "ok")
    return redirect(url_for("admin.hall", code=code), 303)


@staff_only("hall.edit")
def save(code: str) -> Any:
    """Write where the hall is."""
    place = _typed_place()

    def alter(data: Data) -> None:
        for name in ("latitude", "longitude"):
            data.pop(name, None)
        data.update(place)

    try:
        return _change(code, alter)
    except DomainError as error:
        return page(code, place=place, errors=entry.mistakes(error)), problems.status_of(error)


def _closed(hall: Hall) -> dict[str, Data]:
    """The lines that were closed for good, by code; saving one with a counter opens it again."""
    with edge.transaction() as session:
        rows = [row for row in list_groups(session, hall.id) if not row.active]
        return {row.code: {name: getattr(row, name) for name in (*_GROUP, *_MINUTES)} for row in rows}


@staff_only("hall.edit")
def group(code: str, part: str) -> Any:
    """A line's form; `new` is an empty one."""
    hall, data = _read(code)
    row = next((each for each in data["groups"] if each["code"] == part), None) or _closed(hall).get(part)
    if row is None and part != "new":
        raise GroupUnknown
    facts = {"row": row or {"unit_minutes": 10, "mean_minutes": 10}, "errors": {}}
    return render_template("admin/group.html", hall=hall, data=data, part=part, **facts)


@staff_only("hall.edit")
def save_group(code: str, part: str) -> Any:
    """Write a line and which counters serve it; a new one is served by one at least."""
    typed = {**entry.texts(_GROUP), "unit_minutes": entry.whole("unit_minutes")}
    typed["mean_minutes"] = entry.decimal("mean_minutes")
    typed["code"] = entry.text("code") if part == "new" else part
    chosen, at = set(request.form.getlist("counters")), [0]
    closed = _closed(_read(code)[0])

    def alter(data: Data) -> None:
        codes = [each["code"] for each in data["groups"]]
        if part != "new" and part not in codes and part not in closed:
            raise GroupUnknown
        if request.form.get("do") == "close":
            without_line(data, part)
            return
        at[0] = codes.index(part) if part in codes else len(codes)
        data["groups"][at[0] : at[0] + 1] = [typed]
        for counter in data["counters"]:
            others = [each for each in counter["groups"] if each != typed["code"]]
            counter["groups"] = others + [typed["code"]] * (str(counter["number"]) in chosen)

    try:
        return _change(code, alter)
    except DomainError as error:
        hall, data = _read(code)
        errors = entry.mistakes(error, under=f"groups[{at[0] + 1}].")
        facts = {"row": typed, "errors": errors, "ticked": chosen}
        page = render_template("admin/group.html", hall=hall, data=data, part=part, **facts)
        return page, problems.status_of(error)


@staff_only("hall.edit")
def counter(code: str, part: str) -> Any:
    """A counter's form; `new` is an empty one."""
    hall, data = _read(code)
    row = next((each for each in data["counters"] if str(each["number"]) == part), None)
    if row is None and part != "new":
        raise CounterNotFound
    return render_template("admin/counter.html", hall=hall, data=data, part=part, row=row or {}, errors={})


@staff_only("hall.edit")
def save_counter(code: str, part: str) -> Any:
    """Write a counter, or with `do=close` put it out of use."""
    typed: Data = {"number": entry.whole("number"), "groups": entry.chosen("groups")}
    typed |= entry.blank_as(entry.texts(("name_zh", "name_en")))
    at = [0]

    def alter(data: Data) -> None:
        numbers = [str(each["number"]) for each in data["counters"]]
        if part != "new" and part not in numbers:
            raise CounterNotFound
        if str(typed["number"]) != part and str(typed["number"]) in numbers:
            raise CounterNumberTaken(taken=typed["number"])
        at[0] = numbers.index(part) if part in numbers else len(numbers)
        data["counters"][at[0] : at[0] + 1] = [] if request.form.get("do") == "close" else [typed]

    try:
        return _change(code, alter)
    except DomainError as error:
        hall, data = _read(code)
        taken = isinstance(error, CounterNumberTaken)
        errors = entry.mistakes(error, under="" if taken else f"counters[{at[0] + 1}].")
        facts = {"row": typed, "errors": {"number": errors["_"]} if taken else errors}
        page = render_template("admin/counter.html", hall=hall, data=data, part=part, **facts)
        return page, problems.status_of(error)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    base, post = "/halls/<code>", ["POST"]
    blueprint.add_url_rule("/halls/new", "hall_new", new)
    blueprint.add_url_rule("/halls/new", "hall_add", add, methods=post)
    blueprint.add_url_rule(base, "hall", show)
    blueprint.add_url_rule(base, "hall_save", save, methods=post)
    blueprint.add_url_rule(f"{base}/groups/<part>", "group", group)
    blueprint.add_url_rule(f"{base}/groups/<part>", "group_save", save_group, methods=post)
    blueprint.add_url_rule(f"{base}/counters/<part>", "counter", counter)
    blueprint.add_url_rule(f"{base}/counters/<part>", "counter_save", save_counter, methods=post)
