"""PURE: the life of a back-office task, and when what is left to do is due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from halls.workdays import Calendar, add_working_days
from kernel.errors import Conflict, Invalid


class TaskState(StrEnum):
    """Where a task is. It ends as collected or cancelled."""

    TAKEN = "taken"
    WORKING = "working"
    READY = "ready"
    COLLECTED = "collected"
    CANCELLED = "cancelled"


_S = TaskState

#: State → where it can go. A result that was not ready after all goes back to work.
TASK_STEPS: Mapping[TaskState, frozenset[TaskState]] = MappingProxyType(
    {
        _S.TAKEN: frozenset({_S.WORKING, _S.READY, _S.CANCELLED}),
        _S.WORKING: frozenset({_S.READY, _S.CANCELLED}),
        _S.READY: frozenset({_S.WORKING, _S.COLLECTED}),
        _S.COLLECTED: frozenset(),
        _S.CANCELLED: frozenset(),
    }
)
TASK_OPEN = frozenset(state for state, after in TASK_STEPS.items() if after)

NAMES_ZH = {
    _S.TAKEN: "已受理",
    _S.WORKING: "办理中",
    _S.READY: "可以领取",
    _S.COLLECTED: "已领取",
    _S.CANCELLED: "已撤销",
}
NAMES_EN = {
    _S.TAKEN: "accepted",
    _S.WORKING: "being worked on",
    _S.READY: "ready to collect",
    _S.COLLECTED: "collected",
    _S.CANCELLED: "cancelled",
}
DUE_WORKING_DAYS = 5
LONGEST_DAYS = 90


class TaskMoved(Conflict):
    """Somebody else has moved the task on."""

    code = "task_moved"
    zh = "该件当前为“{state_zh}”，不能改为“{target_zh}”。请刷新后查看。"
    en = "This task is {state_en} and cannot become {target_en}. Please refresh."


class DueDateUnfit(Invalid):
    """A due date lies after today, within ninety days."""

    code = "due_date_unfit"
    zh = "日期应在今天之后、{days} 天之内，请重新选择。"
    en = "The date must be after today and within {days} days. Please choose again."


def ensure_step(before: TaskState, after: TaskState) -> None:
    """Raise TaskMoved unless `after` may follow `before`."""
    if after not in TASK_STEPS[before]:
        raise TaskMoved(
            state_zh=NAMES_ZH[before],
            state_en=NAMES_EN[before],
            target_zh=NAMES_ZH[after],
            target_en=NAMES_EN[after],
        )


def due_date(today: date, wanted: date | None, calendar: Calendar) -> date:
    """The day wanted, or five working days from today. Raises DueDateUnfit."""
    if wanted is None:
        return add_working_days(today, DUE_WORKING_DAYS, calendar)
    if not today < wanted <= today + timedelta(days=LONGEST_DAYS):
        raise DueDateUnfit(days=LONGEST_DAYS)
    return wanted
