"""PURE: a booking policy as stored data: names with units, ranges, reading and writing.

Durations are whole numbers whose stored name carries the unit: `lead_time_minutes`, `suspension_days`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal

from booking.ladder import Ladder, Rung
from kernel.errors import Invalid

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


class BookingPolicyInvalid(Invalid):
    """A value of the policy has the wrong type or lies outside its range; `name` says which."""

    code = "booking_policy_invalid"
    zh = "预约规则“{name}”的取值有误：{problem_zh}。"
    en = "The booking rule “{name}” cannot have this value: {problem_en}."


@dataclass(frozen=True, slots=True)
class Limits:
    """The least and the most of a value, both allowed; durations count in `unit`."""

    low: int | Decimal
    high: int | Decimal
    unit: timedelta | None = None

    @property
    def suffix(self) -> str:
        """What the stored name ends in."""
        return {None: "", _MINUTE: "_minutes", _DAY: "_days"}[self.unit]


LIMITS: dict[str, Limits] = {
    "lead_time": Limits(0, 7 * 24 * 60, _MINUTE),
    "horizon_working_days": Limits(1, 60),
    "horizon": Limits(1, 366, _DAY),
    "hold": Limits(1, 60, _MINUTE),
    "nameless_hold": Limits(1, 60, _MINUTE),
    "max_open_appointments": Limits(1, 50),
    "check_in_opens": Limits(0, 12 * 60, _MINUTE),
    "check_in_closes": Limits(0, 4 * 60, _MINUTE),
    "no_show_limit": Limits(1, 100),
    "no_show_window": Limits(1, 366, _DAY),
    "suspension": Limits(0, 366, _DAY),
    "cancellation_cutoff": Limits(0, 7 * 24 * 60, _MINUTE),
    "return_window": Limits(0, 120, _MINUTE),
    "proof_after_release": Limits(0, 60, _MINUTE),
    "proof_at_holds_per_second": Limits(0, 10_000),
    "proof_at_nameless_holds": Limits(0, 10_000),
    "waitlist_hold": Limits(5, 120, _MINUTE),
    "waitlist_offers": Limits(1, 10),
    "beta": Limits(0, Decimal("0.95")),
    "eta": Limits(Decimal("0.3"), 1),
    "show_probability": Limits(Decimal("0.5"), 1),
}


def stored_name(field: str) -> str:
    """The name under which a field is stored."""
    return field + LIMITS[field].suffix if field in LIMITS else field


def check_limits(field: str, value: object) -> None:
    """Raise BookingPolicyInvalid when a value lies outside its range; fields without one pass."""
    limits = LIMITS.get(field)
    if limits is None:
        return
    counted = value / limits.unit if isinstance(value, timedelta) and limits.unit else value
    if not isinstance(counted, int | float | Decimal) or not limits.low <= counted <= limits.high:
        shown = f"{limits.low}–{limits.high}"
        raise _invalid(stored_name(field), f"应在 {shown} 之间", f"it must lie within {shown}")


def read(values: Mapping[str, object], defaults: Mapping[str, object]) -> dict[str, object]:
    """The fields that stored data sets, each of the type of its default.

    Raises:
        BookingPolicyInvalid: an unknown name or a value of the wrong type.
    """
    known = {stored_name(field): field for field in defaults}
    found = {}
    for name, value in values.items():
        if name not in known:
            raise _invalid(name, "没有这项规则", "there is no such rule")
        found[known[name]] = _read(known[name], value, defaults[known[name]])
    return found


def write(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields as data ready for JSON; `read` reads it back."""
    return {stored_name(field): _written(field, value) for field, value in fields.items()}


def _written(field: str, value: object) -> object:
    if isinstance(value, timedelta):
        return value // (LIMITS[field].unit or _MINUTE)
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, Decimal):
        return float(value)
    return _written_ladder(value) if isinstance(value, Ladder) else value


def _written_ladder(ladder: Ladder) -> dict[str, object]:
    rungs = [
        {
            "share": float(rung.share),
            "working_days_before": rung.working_days_before,
            "at": rung.at.isoformat("minutes"),
        }
        for rung in ladder.rungs
    ]
    return {"rungs": rungs, "duty_share": float(ladder.duty_share)}


def _read(field: str, value: object, default: object) -> object:
    name = stored_name(field)
    if isinstance(default, timedelta):
        return _whole(name, value) * (LIMITS[field].unit or _MINUTE)
    for kind, reader in _READERS.items():
        if isinstance(default, kind):
            return reader(name, value)
    raise AssertionError(name)


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**6:
        raise _invalid(name, "应为整数", "a whole number is needed")
    return value


def _decimal(name: str, value: object) -> Decimal:
    # Through text: 0.15 stored as JSON must be 0.15 again, not the nearest binary fraction.
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not -1 <= value <= 1:
        raise _invalid(name, "应为 0 到 1 之间的数", "a number between 0 and 1 is needed")
    return Decimal(str(value))


def _time(name: str, value: object) -> time:
    try:
        read = time.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None:
        raise _invalid(name, "应为时刻，例如 08:00", "a time of day such as 08:00 is needed")
    return read


def _ladder(name: str, value: object) -> Ladder:
    try:
        if not isinstance(value, Mapping) or set(value) != {"rungs", "duty_share"}:
            raise ValueError("not a ladder")  # noqa: TRY301 - one sentence for every wrong shape
        rungs = tuple(
            Rung(
                _decimal(name, rung["share"]),
                _whole(name, rung["working_days_before"]),
                _time(name, rung["at"]),
            )
            for rung in value["rungs"]
        )
        return Ladder(rungs, _decimal(name, value["duty_share"]))
    except (ValueError, KeyError, TypeError):
        raise _invalid(
            name,
            "放号阶梯各档比例与机动比例之和须为 1，并按时间先后排列",
            "the shares of the release ladder and of duty must add up to 1, in order of time",
        ) from None


_READERS: dict[type, Callable[[str, object], object]] = {
    int: _whole,
    Decimal: _decimal,
    time: _time,
    Ladder: _ladder,
}


def _invalid(name: str, problem_zh: str, problem_en: str) -> BookingPolicyInvalid:
    return BookingPolicyInvalid(name=name, problem_zh=problem_zh, problem_en=problem_en)
