"""The booking rules of a hall: every value with its unit and its limits."""

from dataclasses import dataclass, fields
from datetime import time
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.hall_rules import rules_of
from booking.ladder import Ladder
from booking.policy import DEFAULT_POLICY, BookingPolicy
from booking.policy_data import LIMITS, BookingPolicyInvalid, stored_name
from booking.rule_words import NAMES, unit_of
from booking.save_policy import save_policy
from booking.show_rate import WEEKS, observed_show_rate
from booking.show_share import LEAST, ShowRate
from halls.models import Hall
from kernel.errors import DomainError
from web import edge
from web.admin import plan_edge
from web.guards import staff_only

_PATH = "/plans/<code>/rules"
_HUNDRED = 100
SPARE_RUNGS = 2


def rule_name(field: str) -> str:
    """What a rule is called, in the reader's language."""
    return NAMES[field][edge.language() == "en"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One field of the form."""

    stored: str
    label: str
    value: str
    hint: str
    clock: bool


def _rules(policy: BookingPolicy) -> list[Rule]:
    """Every rule but the ladder, which has a table of its own."""
    stored = policy.as_mapping()
    return [
        Rule(
            stored_name(each.name),
            rule_name(each.name),
            str(stored[stored_name(each.name)]),
            _hint(each.name),
            isinstance(getattr(policy, each.name), time),
        )
        for each in fields(BookingPolicy)
        if each.name != "ladder"
    ]


def _hint(field: str) -> str:
    limits = LIMITS.get(field)
    if limits is None:
        return ""
    unit = unit_of(field)[edge.language() == "en"]
    return str(_("%(low)s 到 %(high)s %(unit)s", low=limits.low, high=limits.high, unit=unit)).strip()


def seen_in_words(seen: ShowRate) -> str:
    """How many of the hall's bookings came lately, and whether that is enough to go by."""
    facts = {"weeks": WEEKS, "booked": seen.booked, "came": seen.came}
    if not seen.enough:
        short = _(
            "近 %(weeks)s 周只有 %(booked)s 个预约可算（到场 %(came)s 个），太少，还不能作准；"
            "至少要 %(least)s 个。",
            least=LEAST,
            **facts,
        )
        return str(short)
    low, high = (f"{bound:.2f}" for bound in seen.interval)
    told = _(
        "近 %(weeks)s 周预约 %(booked)s 个，到场 %(came)s 个，比例 %(share)s"
        "（真实比例约在 %(low)s 到 %(high)s 之间）。",
        share=f"{seen.share:.2f}",
        low=low,
        high=high,
        **facts,
    )
    return str(told)


def _rungs(ladder: Ladder) -> list[dict[str, Any]]:
    rungs = [
        {
            "share": f"{float(rung.share) * _HUNDRED:g}",
            "days": rung.working_days_before,
            "at": f"{rung.at:%H:%M}",
        }
        for rung in ladder.rungs
    ]
    return rungs + [{"share": "", "days": "", "at": ""}] * SPARE_RUNGS


def _page(session: Session, code: str, *, wrong: dict[str, str] | None = None) -> str:
    hall = plan_edge.hall_of(session, code, need="hall.edit")
    policy = rules_of(hall).policy
    rules = _rules(policy)
    return render_template(
        "admin/plans/rules.html",
        hall=hall,
        rules=rules,
        labels={rule.stored: rule.label for rule in rules},
        rungs=_rungs(policy.ladder),
        seen=seen_in_words(observed_show_rate(session, hall, now=edge.now())),
        duty_share=f"{float(policy.ladder.duty_share) * _HUNDRED:g}",
        form=request.form,
        wrong=wrong or {},
    )


@staff_only("hall.edit")
def show(code: str) -> Any:
    """All rules in force."""
    with edge.transaction() as session:
        return _page(session, code)


def _typed_value(rule: Rule, default: object) -> object:
    text = plan_edge.typed(rule.stored, 10) or rule.value
    if isinstance(default, str):
        return text
    try:
        return float(text) if isinstance(default, float) else int(text)
    except ValueError:
        return text


def _percent(text: str) -> float:
    try:
        return float(Decimal(text) / _HUNDRED)
    except InvalidOperation:
        raise plan_edge.FormValueWrong(name="duty_share") from None


def _typed_ladder() -> dict[str, Any]:
    form = request.form
    rows = zip(form.getlist("rung_share"), form.getlist("rung_days"), form.getlist("rung_at"), strict=False)
    rungs = [
        {
            "share": _percent(share.strip()),
            "working_days_before": int(days) if days.strip().isdecimal() else days,
            "at": at.strip(),
        }
        for share, days, at in rows
        if share.strip()
    ]
    return {"rungs": rungs, "duty_share": _percent(plan_edge.typed("duty_share", 10))}


def _typed(hall: Hall) -> dict[str, object]:
    defaults = DEFAULT_POLICY.as_mapping()
    rules = _rules(rules_of(hall).policy)
    return {rule.stored: _typed_value(rule, defaults[rule.stored]) for rule in rules} | {
        "ladder": _typed_ladder()
    }


def _mistakes(error: DomainError) -> dict[str, str]:
    """The rule's field → its problem alone: the whole sentence names the rule as data files call it."""
    if not isinstance(error, BookingPolicyInvalid):
        return {}
    return {str(error.params["name"]): str(error.params[f"problem_{edge.language()}"])}


@staff_only("hall.edit")
def save(code: str) -> Any:
    """Check and save; what was typed stays when something is wrong."""
    try:
        with edge.transaction() as session:
            hall = plan_edge.hall_of(session, code, need="hall.edit")
            typed = plan_edge.typed("version", 9)
            version = int(typed) if typed.isdecimal() else 0
            who = edge.actor()
            changed = save_policy(session, hall, _typed(hall), version=version, actor=who, now=edge.now())
    except DomainError as error:
        return plan_edge.refused(
            error, lambda session, wrong: _page(session, code, wrong=wrong), wrong=_mistakes(error)
        )
    flash(_("规则已保存。") if changed else _("没有改动。"), "ok")
    return redirect(url_for("admin.plan_rules", code=code), 303)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule(_PATH, "plan_rules", show)
    blueprint.add_url_rule(_PATH, "plan_rules_save", save, methods=["POST"])
