"""PURE: the numbers of the queue rule that a hall may set; data per hall, with the defaults of the rule.

The defaults are those of the rule 「到点优先 + 承诺时刻」 as described in docs/queue-rule.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import time, timedelta

DISCIPLINES = ("promise", "fifo", "strict", "accumulating")

_SECONDS = "_seconds"


class PolicyInvalid(ValueError):
    """A number of the policy is missing its type or lies outside its range; `name` says which."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        super().__init__(f"{name}: {problem}")


def _range(low: object, high: object) -> dict[str, object]:
    return {"low": low, "high": high}


def _up_to(high: timedelta) -> dict[str, object]:
    return _range(timedelta(0), high)


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """How one hall runs its lines. Shares are between 0 and 1, durations are timedelta."""

    discipline: str = "promise"
    #: η: the share of open counter time that the promised call time counts on.
    promise_efficiency: float = field(default=0.88, metadata=_range(0.3, 1.0))
    #: The soonest time a walk-in is promised.
    minimum_promise: timedelta = field(default=timedelta(minutes=20), metadata=_up_to(timedelta(hours=4)))
    #: η_a: the share of open counter time that the admission of walk-ins counts on.
    admission_efficiency: float = field(default=0.95, metadata=_range(0.3, 1.0))
    #: z: how sure admission must be that all are called before closing (1.645: 95 %).
    admission_z: float = field(default=1.645, metadata=_range(0.0, 4.0))
    #: cv: standard deviation of a service ÷ its mean.
    service_cv: float = field(default=0.7, metadata=_range(0.0, 3.0))
    check_in_opens: timedelta = field(default=timedelta(minutes=30), metadata=_up_to(timedelta(hours=12)))
    check_in_closes: timedelta = field(default=timedelta(minutes=15), metadata=_up_to(timedelta(hours=4)))
    #: Who booked and is here is due so long before the slot: a half-hour's people are not all due at once.
    booked_lead: timedelta = field(default=timedelta(0), metadata=_up_to(timedelta(minutes=30)))
    #: Who checks in late is due this long after the check-in.
    late_delay: timedelta = field(default=timedelta(minutes=15), metadata=_up_to(timedelta(hours=4)))
    #: Hall-local time at which the morning ends for late arrivals and no-shows.
    half_day_splits_at: time = time(13)
    #: When a call is repeated, counted from the first call, and when it has failed; 0: never by itself.
    second_call_after: timedelta = field(
        default=timedelta(seconds=45), metadata=_up_to(timedelta(minutes=30))
    )
    third_call_after: timedelta = field(default=timedelta(seconds=90), metadata=_up_to(timedelta(minutes=30)))
    absent_after: timedelta = field(default=timedelta(seconds=150), metadata=_up_to(timedelta(minutes=60)))
    #: Who was absent and comes back within this time is re-inserted after so many calls, so many times.
    reinstate_within: timedelta = field(default=timedelta(minutes=30), metadata=_up_to(timedelta(hours=8)))
    reinsert_after_calls: int = field(default=3, metadata=_range(0, 50))
    reinstatements: int = field(default=1, metadata=_range(0, 10))
    #: So many green calls in a row at most while others wait.
    green_run: int = field(default=2, metadata=_range(1, 20))
    #: A return goes first in at most one call of so many.
    return_every: int = field(default=3, metadata=_range(1, 20))
    #: A walk-in whose matter takes at most this share of the line's mean goes before longer ones that are not
    #: due yet; 0: none does.
    quick_share: float = field(default=0.75, metadata=_range(0.0, 1.0))
    #: What may be proposed to the duty officer: a counter is ready so soon, the hall stays open so long.
    flex_ready_after: timedelta = field(default=timedelta(minutes=10), metadata=_up_to(timedelta(hours=4)))
    extension: timedelta = field(default=timedelta(minutes=30), metadata=_up_to(timedelta(hours=4)))
    #: b: priority that a walk-in gains per minute where a booked person gains 1 (discipline accumulating).
    walk_in_rate: float = field(default=0.15, metadata=_range(0.0, 1.0))

    def __post_init__(self) -> None:
        """Refuse numbers with which the rule would make no sense; raises PolicyInvalid."""
        if self.discipline not in DISCIPLINES:
            raise PolicyInvalid("discipline", f"must be one of {', '.join(DISCIPLINES)}")
        for each in fields(self):
            if "low" not in each.metadata:
                continue
            value, low, high = getattr(self, each.name), each.metadata["low"], each.metadata["high"]
            if not low <= value <= high:
                raise PolicyInvalid(each.name, f"must lie between {low} and {high}")
        calls = [each for each in (self.second_call_after, self.third_call_after, self.absent_after) if each]
        if calls != sorted(calls):
            raise PolicyInvalid("absent_after", "calls are repeated first, then the ticket is marked absent")

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> QueuePolicy:
        """Read a policy stored as data; what is not said keeps its default.

        Durations are given in seconds under `<name>_seconds`, the half-day as "HH:MM".
        Raises PolicyInvalid for an unknown name, a wrong type or a value out of range.
        """
        defaults = cls()
        known = {stored_name(each.name, getattr(defaults, each.name)): each.name for each in fields(cls)}
        read: dict[str, object] = {}
        for name, value in values.items():
            if name not in known:
                raise PolicyInvalid(name, "is not a number of the queue policy")
            read[known[name]] = _read(name, value, getattr(defaults, known[name]))
        return cls(**read)  # type: ignore[arg-type]  # _read gave each the type of its default

    def as_mapping(self) -> dict[str, object]:
        """Return the policy as JSON-ready data, readable by from_mapping."""
        stored: dict[str, object] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            stored[stored_name(each.name, value)] = _written(value)
        return stored


def stored_name(name: str, value: object) -> str:
    """Return the name under which a number is stored: durations carry their unit."""
    return name + _SECONDS if isinstance(value, timedelta) else name


def _written(value: object) -> object:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.isoformat("minutes") if isinstance(value, time) else value


def _read(name: str, value: object, default: object) -> object:
    if isinstance(default, str):
        return value
    if isinstance(default, time):
        try:
            return time.fromisoformat(str(value))
        except ValueError:
            raise PolicyInvalid(name, "must be a time of day such as 13:00") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PolicyInvalid(name, "must be a number")
    if isinstance(default, int) and not isinstance(value, int):
        raise PolicyInvalid(name, "must be a whole number")
    if isinstance(default, timedelta):
        try:
            return timedelta(seconds=value)
        except (OverflowError, ValueError):
            raise PolicyInvalid(name, "is not a duration in seconds") from None
    return value


#: What a hall has that set nothing.
DEFAULT_POLICY = QueuePolicy()
