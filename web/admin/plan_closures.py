"""Closures: at once in an emergency, with one button; planned, with the bookings shown first; and lifted."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.close import Close, Closing, Then, close, preview, reopen
from halls.closures import ClosureReasonUnfit, change_reason, list_closures
from halls.models import Hall
from halls.queries import list_groups
from kernel.errors import DomainError
from web import edge
from web.admin import plan_edge
from web.guards import staff_only

_PATH = "/plans/<code>/closures"
_FIELDS = ("group", "first_on", "from", "last_on", "until", "reason_zh", "reason_en")


def _page(session: Session, hall: Hall, *, wrong: dict[str, str] | None = None) -> str:
    groups = list_groups(session, hall.id)
    return render_template(
        "admin/plans/closures.html",
        hall=hall,
        closures=list_closures(session, hall.id, now=edge.now()),
        affected=len(preview(session, hall, _rest_of_today(hall), now=edge.now())),
        groups=groups,
        lines=[group for group in groups if group.active],
        ways=plan_edge.THEN_NAMES,
        form=request.form,
        wrong=wrong or {},
    )


def _rest_of_today(hall: Hall) -> Close:
    zone = ZoneInfo(hall.time_zone)
    tomorrow = edge.now().astimezone(zone).date() + timedelta(days=1)
    return Close(None, edge.now(), datetime.combine(tomorrow, time.min, zone), "")


@staff_only("plan.edit")
def show(code: str) -> Any:
    """The closures that hold or will, the emergency button, and a form for a planned one."""
    with edge.transaction() as session:
        return _page(session, plan_edge.hall_of(session, code))


def _refused(code: str, error: DomainError) -> Any:
    return plan_edge.refused(
        error, lambda session, wrong: _page(session, plan_edge.hall_of(session, code), wrong=wrong)
    )


def _emergency(session: Session, hall: Hall) -> Close:
    """From now on, to the end of the day unless a time is given."""
    zone = ZoneInfo(hall.time_zone)
    today = edge.now().astimezone(zone).date()
    until = plan_edge.typed_time("until") if plan_edge.typed("until") else time.min
    ends_on = today if until != time.min else today + timedelta(days=1)
    return Close(
        plan_edge.find_group(list_groups(session, hall.id, active=True), plan_edge.typed("group")),
        edge.now(),
        datetime.combine(ends_on, until, zone),
        plan_edge.typed("reason_zh"),
        plan_edge.typed("reason_en"),
        emergency=True,
        then=plan_edge.typed_choice(Then, "then"),
    )


@staff_only("plan.edit")
def emergency(code: str) -> Any:
    """One button: nothing can be booked there from this moment on, and who had booked is told."""
    try:
        with edge.transaction() as session:
            hall = plan_edge.hall_of(session, code)
            command = _emergency(session, hall)
            done = close(session, hall, command, actor=edge.actor(), now=edge.now())
    except DomainError as error:
        return _refused(code, error)
    _say(done)
    return redirect(url_for("admin.plan_closures", code=code), 303)


def _say(done: Closing) -> None:
    flash(_("已关闭。受影响的预约 %(n)s 个。", n=done.affected), "ok")
    if done.rehoused.moved or done.rehoused.cancelled:
        facts = {"m": done.rehoused.moved, "c": done.rehoused.cancelled}
        flash(_("改期 %(m)s 个预约，取消 %(c)s 个，均已通知。", **facts), "ok")


def _planned(session: Session, hall: Hall, then: Then) -> Close:
    return Close(
        plan_edge.find_group(list_groups(session, hall.id, active=True), plan_edge.typed("group")),
        plan_edge.typed_moment(hall, "first_on", "from"),
        plan_edge.typed_moment(hall, "last_on", "until"),
        plan_edge.typed("reason_zh"),
        plan_edge.typed("reason_en"),
        then=then,
    )


@staff_only("plan.edit")
def add(code: str) -> Any:
    """A planned closure; where it touches bookings, ask first what is to become of them."""
    try:
        with edge.transaction() as session:
            hall = plan_edge.hall_of(session, code)
            chosen = plan_edge.typed("then")
            command = _planned(session, hall, plan_edge.typed_choice(Then, "then") if chosen else Then.KEEP)
            stranded = [] if chosen else preview(session, hall, command, now=edge.now())
            if stranded:
                url = url_for("admin.plan_closures", code=code)
                fields = [(name, plan_edge.typed(name)) for name in _FIELDS]
                return plan_edge.decide_page(
                    session, hall, stranded, action=url, fields=fields, back=url, ask_why=False
                )
            done = close(session, hall, command, actor=edge.actor(), now=edge.now())
    except DomainError as error:
        return _refused(code, error)
    _say(done)
    return redirect(url_for("admin.plan_closures", code=code), 303)


@staff_only("plan.edit")
def lift(code: str, closure_id: int) -> Any:
    """Take it back: its free numbers can be booked again.

    Raises:
        ClosureUnknown
    """
    with edge.transaction() as session:
        hall = plan_edge.hall_of(session, code)
        added = reopen(session, hall, closure_id, actor=edge.actor(), now=edge.now())
    flash(_("已恢复开放，放回 %(n)s 个号。", n=added), "ok")
    return redirect(url_for("admin.plan_closures", code=code), 303)


@staff_only("plan.edit")
def reword(code: str, closure_id: int) -> Any:
    """Say otherwise why it is closed; raises ClosureUnknown."""
    reasons = plan_edge.typed("new_reason_zh"), plan_edge.typed("new_reason_en")
    try:
        with edge.transaction() as session:
            hall = plan_edge.hall_of(session, code)
            changed = change_reason(session, hall, closure_id, reasons, actor=edge.actor(), now=edge.now())
    except ClosureReasonUnfit as error:
        return _refused(code, error)
    flash(_("原因已改，网页上立即可见；已发的短信不再重发。") if changed else _("没有改动。"), "ok")
    return redirect(url_for("admin.plan_closures", code=code), 303)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule(_PATH, "plan_closures", show)
    blueprint.add_url_rule(_PATH, "plan_closures_add", add, methods=["POST"])
    blueprint.add_url_rule(f"{_PATH}/emergency", "plan_emergency", emergency, methods=["POST"])
    blueprint.add_url_rule(f"{_PATH}/<int:closure_id>/lift", "plan_lift", lift, methods=["POST"])
    blueprint.add_url_rule(f"{_PATH}/<int:closure_id>/reason", "plan_reword", reword, methods=["POST"])
