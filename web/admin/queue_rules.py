"""The rule of a hall's queue: in which order numbers are called, and what else the rule counts with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext
from sqlalchemy.orm import Session

from halls.queries import policy
from kernel.errors import DomainError
from queueing.policy import DEFAULT_POLICY, DISCIPLINES, QueuePolicy
from queueing.save_rules import STORED, QueuePolicyInvalid, line_rules, save_rules
from queueing.sizing import SIZED
from web import edge, problems
from web.admin import plan_edge
from web.guards import staff_only

_PATH = "/plans/<code>/queue"
_MINUTE, _HUNDRED = 60, 100

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
#: What the form shows, section by section: field → what it is called.
SECTIONS: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "order": (
        _l("叫号顺序"),
        {
            "quick_share": _l("短件先办：办理时间不超过平均的百分之几（0 表示不用）"),
            "green_run": _l("绿色通道最多连续叫几个"),
            "return_every": _l("补材料回来的人，每几个号里先办一个"),
            "walk_in_rate": _l("按等待积分时，现场号每分钟积百分之几"),
            "booked_lead": _l("预约的人提前多久算到点"),
        },
    ),
    "promise": (
        _l("最迟叫号时刻与发号"),
        {
            "promise_efficiency": _l("算最迟叫号时刻时，窗口时间按百分之几计"),
            "minimum_promise": _l("现场号的最迟时刻至少在多久以后"),
            "admission_efficiency": _l("算还能发多少现场号时，窗口时间按百分之几计"),
            "admission_z": _l("停止发号的保守程度（1.645 表示九成五的把握）"),
            "service_cv": _l("办理时间的波动（标准差÷平均）"),
            "flex_ready_after": _l("增开窗口需要多久准备"),
            "extension": _l("延时一次多久"),
        },
    ),
    "late": (
        _l("签到、迟到与过号"),
        {
            "check_in_opens": _l("可提前多久签到"),
            "check_in_closes": _l("晚到多久仍算准时"),
            "late_delay": _l("迟到的人签到后多久算到点"),
            "half_day_splits_at": _l("上午在几点结束"),
            "second_call_after": _l("叫号后多久重叫"),
            "third_call_after": _l("叫号后多久再重叫"),
            "absent_after": _l("叫号后多久算过号（0 表示由窗口决定）"),
            "reinstate_within": _l("过号后多久之内可以恢复"),
            "reinsert_after_calls": _l("恢复后再叫几个号才轮到"),
            "reinstatements": _l("最多恢复几次"),
        },
    ),
}
NAMES: Mapping[str, Any] = {
    "discipline": _l("叫号顺序"),
    **{name: words for _title, names in SECTIONS.values() for name, words in names.items()},
}
_SECONDS = {"second_call_after", "third_call_after", "absent_after"}
_SHARES = {"quick_share", "walk_in_rate", "promise_efficiency", "admission_efficiency"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One field of the form; `value` "" where the size of the line decides."""

    stored: str
    label: Any
    value: str
    hint: str
    clock: bool
    optional: bool
    error: str


def _factor(name: str) -> float:
    """What the form shows ÷ what is stored."""
    if name in _SHARES:
        return _HUNDRED
    return 1 if name in _SECONDS or not STORED[name].endswith("_seconds") else 1 / _MINUTE


def in_form(name: str, stored: Any) -> str:
    """A stored value as the form shows it: minutes, percent."""
    return f"{stored * _factor(name):.6g}" if isinstance(stored, int | float) else str(stored)


def _hint(name: str) -> str:
    limits = next(each.metadata for each in QueuePolicy.__dataclass_fields__.values() if each.name == name)
    if "low" not in limits:
        return ""
    low, high = (
        in_form(name, each.total_seconds() if isinstance(each, timedelta) else each)
        for each in (limits["low"], limits["high"])
    )
    hint = str(_("%(low)s 到 %(high)s %(unit)s", low=low, high=high, unit=unit(name))).strip()
    by_size = str(_("；不填则按业务组的窗口数"))
    return hint + by_size if STORED[name] in SIZED else hint


def unit(name: str) -> str:
    """In what a field is counted."""
    if name in _SHARES:
        return "%"
    if not STORED[name].endswith("_seconds"):
        return ""
    return str(_("秒") if name in _SECONDS else pgettext("unit", "分钟"))


def _rule(name: str, label: Any, said: Mapping[str, Any], errors: Mapping[str, str]) -> Rule:
    stored = STORED[name]
    value = said.get(stored, "" if stored in SIZED else DEFAULT_POLICY.as_mapping()[stored])
    return Rule(
        stored,
        label,
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
            (key, title, [_rule(name, label, said, errors) for name, label in names.items()])
            for key, (title, names) in SECTIONS.items()
        ],
        orders=[(name, *ORDERS[name]) for name in DISCIPLINES],
        chosen=chosen,
        lines=line_rules(session, hall, now=edge.now()),
        minutes=lambda span: f"{span.total_seconds() / _MINUTE:g}",
        wrong=[] if error is None else [_said(error)],
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
    return (
        f"{NAMES[name]}{_('：')}{_errors(error)[STORED[name]]}" if name else error.sentence(edge.language())
    )


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
    return int(number) if isinstance(usual, int) and number.is_integer() else round(number / _factor(name), 6)


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
