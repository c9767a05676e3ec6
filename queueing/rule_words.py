"""PURE: what the numbers of the queue's rule are called, in both languages, and in what people count them.

Stored are seconds and shares; people read and type minutes (seconds for calls) and percent.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta

from queueing.policy import DEFAULT_POLICY, QueuePolicy, stored_name

#: Field of `queueing.policy.QueuePolicy` → Chinese, English.
NAMES: Mapping[str, tuple[str, str]] = {
    "discipline": ("叫号顺序", "Order of calls"),
    "quick_share": (
        "短件先办：办理时间不超过平均的百分之几（0 表示不用）",
        "Quick matters first: those that take at most this percent of the mean (0: not used)",
    ),
    "green_run": ("绿色通道最多连续叫几个", "Green channel calls in a row at most"),
    "return_every": (
        "补材料回来的人，每几个号里先办一个",
        "Of so many calls, one goes to who comes back with a paper",
    ),
    "walk_in_rate": (
        "按等待积分时，现场号每分钟积百分之几",
        "With points for waiting, percent of a point per minute for walk-ins",
    ),
    "booked_lead": ("预约的人提前多久算到点", "Booked people are due so long before their time"),
    "promise_efficiency": (
        "算最迟叫号时刻时，窗口时间按百分之几计",
        "Percent of counter time that latest times count on",
    ),
    "minimum_promise": (
        "现场号的最迟时刻至少在多久以后",
        "The latest time of a walk-in is at least so far off",
    ),
    "admission_efficiency": (
        "算还能发多少现场号时，窗口时间按百分之几计",
        "Percent of counter time that giving out numbers counts on",
    ),
    "admission_z": (
        "停止发号的保守程度（1.645 表示九成五的把握）",
        "How careful numbers are stopped (1.645 means 95 percent sure)",
    ),
    "service_cv": (
        "办理时间的波动（标准差÷平均）",
        "How much service times vary (standard deviation ÷ mean)",
    ),
    "flex_ready_after": ("增开窗口需要多久准备", "An extra counter is ready after"),
    "extension": ("延时一次多久", "A longer day is longer by"),
    "check_in_opens": ("可提前多久签到", "Check-in opens before the slot"),
    "check_in_closes": ("晚到多久仍算准时", "On time until, after the slot begins"),
    "late_delay": ("迟到的人签到后多久算到点", "Who is late is due so long after checking in"),
    "half_day_splits_at": ("上午在几点结束", "When the morning ends"),
    "second_call_after": ("叫号后多久重叫", "Called again after"),
    "third_call_after": ("叫号后多久再重叫", "Called a third time after"),
    "absent_after": (
        "叫号后多久算过号（0 表示由窗口决定）",
        "Counts as absent after (0: the officer decides)",
    ),
    "reinstate_within": ("过号后多久之内可以恢复", "After a missed call, may come back within"),
    "reinsert_after_calls": (
        "恢复后再叫几个号才轮到",
        "After coming back, called after so many others",
    ),
    "reinstatements": ("最多恢复几次", "Comes back at most so many times"),
}
_SECONDS = {"second_call_after", "third_call_after", "absent_after"}
_SHARES = {"quick_share", "walk_in_rate", "promise_efficiency", "admission_efficiency"}
_MINUTE, _HUNDRED = 60, 100

#: Field of the policy → the name under which it is stored.
STORED: Mapping[str, str] = {
    each.name: stored_name(each.name, getattr(DEFAULT_POLICY, each.name)) for each in fields(QueuePolicy)
}


def factor(name: str) -> float:
    """What people read ÷ what is stored."""
    if name in _SHARES:
        return _HUNDRED
    return 1 if name in _SECONDS or not STORED[name].endswith("_seconds") else 1 / _MINUTE


def shown(name: str, stored: float) -> float:
    """A stored number as people read it."""
    return round(stored * factor(name), 6)


def limits_of(name: str) -> tuple[float, float] | None:
    """The least and the most of a number as people read it, both allowed; None where it has none."""
    found = next(each.metadata for each in fields(QueuePolicy) if each.name == name)
    if "low" not in found:
        return None
    low, high = (
        shown(name, each.total_seconds() if isinstance(each, timedelta) else each)
        for each in (found["low"], found["high"])
    )
    return low, high


def unit_of(name: str) -> tuple[str, str]:
    """In what people count it, in both languages; empty where in nothing."""
    if name in _SHARES:
        return "%", "%"
    if not STORED[name].endswith("_seconds"):
        return "", ""
    return ("秒", "seconds") if name in _SECONDS else ("分钟", "minutes")
