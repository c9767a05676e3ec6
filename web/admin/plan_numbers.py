"""The numbers of a hall's day: exact counts, the release ladder, the promise, and changes by hand."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from analytics.day_numbers import day_numbers
from analytics.promise_kept import attempts, attempts_by_service, promise_kept_by_service
from booking.counts import release_steps
from booking.hall_rules import rules_of
from booking.number_changes import REASONS, Change, ChangeNumbers, change_numbers
from catalog.queries import services_of
from halls.models import Hall
from halls.queries import list_groups
from kernel.errors import DomainError
from web import edge
from web.admin import plan_edge
from web.admin.audit_words import reason_in_words
from web.guards import staff_only

_PATH = "/plans/<code>/numbers"
MONTH = timedelta(days=29)
_MOST = 1000
_WORST = 5


def _day(today: date) -> date:
    text = request.values.get("on", "")
    if not text:
        return today
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise plan_edge.FormValueWrong from None


def _worst(session: Session, hall: Hall, on: date) -> list[tuple[Any, Any]]:
    """The services whose seekers saw a number least often in the month to that day, with their attempts."""
    missed = [
        each
        for each in attempts_by_service(session, hall, first_on=on - MONTH, last_on=on)
        if each.attempts.found < each.attempts.looked
    ][:_WORST]
    services = {each.id: each for each in services_of(session, [each.service_id for each in missed])}
    return [(services[each.service_id], each.attempts) for each in missed if each.service_id in services]


def _by_service(session: Session, hall: Hall, on: date) -> list[tuple[Any, Any, Any]]:
    """Each service with its promise on that day (None without looks) and in the month to it, worst first."""
    day = {each.service_id: each for each in promise_kept_by_service(session, hall, first_on=on, last_on=on)}
    month = promise_kept_by_service(session, hall, first_on=on - MONTH, last_on=on)
    services = {each.id: each for each in services_of(session, [each.service_id for each in month])}
    return [
        (services[each.service_id], day[each.service_id].kept if each.service_id in day else None, each.kept)
        for each in month
    ]


def _page(session: Session, code: str, *, wrong: dict[str, str] | None = None) -> str:
    hall = plan_edge.hall_of(session, code)
    today = rules_of(hall).date_of(edge.now())
    on = today if wrong and "on" not in request.values else _day(today)
    return render_template(
        "admin/plans/numbers.html",
        hall=hall,
        on=on.isoformat(),
        rows=day_numbers(session, hall, on_date=on, since_on=on - MONTH, now=edge.now()),
        steps=release_steps(session, hall, on_date=on),
        attempts=attempts(session, hall, first_on=on, last_on=on),
        worst=_worst(session, hall, on),
        by_service=_by_service(session, hall, on),
        now=edge.now(),
        changeable=on >= today,
        reasons=[(code, reason_in_words("numbers.change", code, edge.language())) for code in REASONS],
        form=request.form,
        wrong=wrong or {},
    )


@staff_only("plan.edit")
def show(code: str) -> Any:
    """One day, today unless another is asked for.

    Raises:
        FormValueWrong
    """
    with edge.transaction() as session:
        return _page(session, code)


@staff_only("plan.edit")
def change(code: str) -> Any:
    """Release, withdraw or move free numbers, with a reason."""
    try:
        with edge.transaction() as session:
            hall = plan_edge.hall_of(session, code)
            lines = list_groups(session, hall.id, active=True)
            group_id = plan_edge.find_group(lines, plan_edge.typed("group") or "?")
            most = plan_edge.typed("most", 5)
            command = ChangeNumbers(
                group_id or 0,
                plan_edge.typed_day("on"),
                plan_edge.typed_choice(Change, "change"),
                min(int(most), _MOST) if most.isdecimal() else 0,
                plan_edge.typed("reason"),
            )
            count = change_numbers(session, hall, command, actor=edge.actor(), now=edge.now())
    except DomainError as error:
        return plan_edge.refused(error, lambda session, wrong: _page(session, code, wrong=wrong))
    flash(_("已调整 %(n)s 个号。", n=count), "ok")
    return redirect(url_for("admin.plan_numbers", code=code, on=command.on_date.isoformat()), 303)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule(_PATH, "plan_numbers", show)
    blueprint.add_url_rule(_PATH, "plan_numbers_change", change, methods=["POST"])
