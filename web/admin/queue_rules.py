"""The rule of a hall's queue: in which order numbers are called, and what else the rule counts with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from halls.queries import policy
from kernel.errors import DomainError
from queueing.policy import DEFAULT_POLICY, DISCIPLINES
from queueing.rule_words import NAMES, STORED, factor, limits_of, shown, unit_of
from queueing.save_rules import QueuePolicyInvalid, line_rules, save_rules
from queueing.sizing import SIZED
from web import edge, problems
from web.admin import plan_edge
from web.guards import staff_only

_PATH = "/plans/<code>/queue"
_MINUTE = 60

#: Discipline → what it is called, and what it means for those who wait.
ORDERS = {
    "promise": (_l("到点优先（建议）"), _l("预约号到点先办；现场号到了票上写的最迟时刻，同等排队")),
    "fifo": (_l("先到先办"), _l("不分预约和现场，谁先取号谁先办；预约的人可能要等")),
    "strict": (_l("预约一律优先"), _l("预约的人签到后总在现场号之前；预约多时，现场号要等很久")),
    "accumulating": (
        _l("按等待积分"),
        _l("等得越久越靠前；现场号每分钟只积一部分，预约的人从预约时间起全积"),
    ),
}
#: What the form shows: section → its title and its fields.
SECTIONS: Mapping[str, tuple[Any, Sequence[str]]] = {
    "order": (_l("叫号顺序"), ("quick_share", "green_run", "return_every", "walk_in_rate", "booked_lead")),
    "promise": (
        _l("最迟叫号时刻与发号"),
        (
            "promise_efficiency",
            "minimum_promise",
            "admission_efficiency",
            "admission_z",
            "service_cv",
            "flex_ready_after",
            "extension",
        ),
    ),
    "late": (
        _l("签到、迟到与过号"),
        (
            "check_in_opens",
            "check_in_closes",
            "late_delay",
            "half_day_splits_at",
            "second_call_after",
            "third_call_after",
            "absent_after",
            "reinstate_within",
            "reinsert_after_calls",
            "reinstatements",
        ),
    ),
}


def rule_name(field: str) -> str:
    """What a number of the rule is called, in the reader's language."""
    return NAMES[field][edge.language() == "en"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One field of the form; `value` "" where the size of the line decides."""

    stored: str
    label: str
    value: str
    hint: str
    clock: bool
    optional: bool
    error: str


def in_form(name: str, stored: Any) -> str:
    """A stored value as the form shows it: minutes, percent."""
    return f"{shown(name, stored):.6g}" if isinstance(stored, int | float) else str(stored)


def _hint(name: str) -> str:
    limits = limits_of(name)
    if limits is None:
        return ""
    low, high = (f"{each:.6g}" for each in limits)
    hint = str(_("%(low)s 到 %(high)s %(unit)s", low=low, high=high, unit=unit(name))).strip()
    by_size = str(_("；不填则按业务组的窗口数"))
    return hint + by_size if STORED[name] in SIZED else hint


def unit(name: str) -> str:
    """In what a field is counted."""
    return unit_of(name)[edge.language() == "en"]


def _rule(name: str, said: Mapping[str, Any], errors: Mapping[str, str]) -> Rule:
    stored = STORED[name]
    value = said.get(stored, "" if stored in SIZED else DEFAULT_POLICY.as_mapping()[stored])
    return Rule(
        stored,
        rule_name(name),
        request.form.get(stored, in_form(name, value)),
        _hint(name),
        name == "half_day_splits_at",
        stored in SIZED,
        errors.get(stored, errors.get(name, "")),
    )


def _page(session: Session, code: str, *, error: DomainError | None = None) -> str:
    hall = plan_edge.hall_of(session, code, need="hall.edit")
    said, errors = policy(hall, "queue"), _errors(error)
    chosen = request.form.get("discipline", said.get("discipline", DEFAULT_POLICY.discipline))
    return render_template(
        "admin/plans/queue.html",
        hall=hall,
        sections=[
            (key, title, [_rule(name, said, errors) for name in names])
            for key, (title, names) in SECTIONS.items()
        ],
        orders=[(name, *ORDERS[name]) for name in DISCIPLINES],
        chosen=chosen,
        lines=line_rules(session, hall, now=edge.now()),
        minutes=lambda span: f"{span.total_seconds() / _MINUTE:g}",
        wrong={} if error is None else {STORED.get(_field(error), "_"): _said(error)},
        errors=errors,
    )


def _field(error: DomainError | None) -> str:
    """The field that an error is about, "" for none."""
    name = str(error.params.get("name", "")) if isinstance(error, QueuePolicyInvalid) else ""
    return next((field for field, stored in STORED.items() if name in (field, stored)), "")


def _errors(error: DomainError | None) -> dict[str, str]:
    """Stored name of the field → what is wrong with it."""
    name = _field(error)
    if not name:
        return {}
    return {STORED[name]: str(_("应为 %(hint)s", hint=_hint(name)) if _hint(name) else _("没有填对"))}


def _said(error: DomainError) -> str:
    name = _field(error)
    if name == "absent_after":
        return str(_("重叫和过号的时间应一个比一个晚。"))
    if not name:
        return error.sentence(edge.language())
    return f"{rule_name(name)}{_('：')}{_errors(error)[STORED[name]]}"


@staff_only("hall.edit")
def show(code: str) -> Any:
    """The rule in force, and what it means in each line today."""
    with edge.transaction() as session:
        return _page(session, code)


def _typed() -> dict[str, object]:
    """What the form says, as it is stored; an empty field says nothing."""
    typed: dict[str, object] = {"discipline": plan_edge.typed("discipline", 20)}
    for _title, names in SECTIONS.values():
        typed |= {STORED[name]: _value(name) for name in names if plan_edge.typed(STORED[name], 10)}
    return typed


def _value(name: str) -> object:
    text, usual = plan_edge.typed(STORED[name], 10), getattr(DEFAULT_POLICY, name)
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if isinstance(usual, int) and number.is_integer() else round(number / factor(name), 6)


@staff_only("hall.edit")
def save(code: str) -> Any:
    """Check and save; what was typed stays when something is wrong."""
    version = plan_edge.typed("version", 9)
    try:
        with edge.transaction() as session:
            hall = plan_edge.hall_of(session, code, need="hall.edit")
            changed = save_rules(
                session,
                hall,
                _typed(),
                version=int(version) if version.isdecimal() else 0,
                actor=edge.actor(),
                now=edge.now(),
            )
    except DomainError as error:
        with edge.transaction() as session:
            return _page(session, code, error=error), problems.status_of(error)
    flash(_("规则已保存，从下一次叫号起生效。") if changed else _("没有改动。"), "ok")
    return redirect(url_for("admin.queue_rules", code=code), 303)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule(_PATH, "queue_rules", show)
    blueprint.add_url_rule(_PATH, "queue_rules_save", save, methods=["POST"])
