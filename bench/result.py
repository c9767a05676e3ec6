"""What a benchmark found, as a row of the table and as a line of JSON."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Result:
    """One row. `ours` and `floor` are in `unit`; `violations` are broken invariants, empty when none.

    `meets` is False when the goal was missed, None where the run was too small to say (`--quick`).
    `load` is the one-minute load average before and after, for other programs disturb every figure.
    """

    name: str
    unit: str
    ours: float | None
    goal: str
    meets: bool | None
    runs: int
    floor: float | None = None
    ratio: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    violations: Sequence[str] = ()
    note: str = ""
    load: Sequence[float] = ()
    facts: dict[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """A broken invariant is worse than slowness, and counts in runs of any size."""
        if self.violations:
            return "BROKEN"
        return {True: "ok", False: "not met", None: "small"}[self.meets]

    def as_json(self) -> str:
        """One object on one line."""
        return json.dumps(asdict(self), ensure_ascii=False)


def load_average() -> float:
    """The machine's one-minute load average."""
    return round(os.getloadavg()[0], 2)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / _PERCENT))]


def latencies(seconds: Sequence[float]) -> dict[str, float | None]:
    """p50, p95 and p99 in milliseconds."""
    if not seconds:
        return {"p50_ms": None, "p95_ms": None, "p99_ms": None}
    return {f"p{percent}_ms": round(1000 * percentile(seconds, percent), 2) for percent in (50, 95, 99)}


def middle(values: Sequence[float]) -> float:
    """The median, as the table shows it."""
    return round(median(values), 3)


HEADINGS = ("benchmark", "measured", "floor", "ratio", "p50/p95/p99 ms", "goal", "", "load", "note")


def table(results: Sequence[Result]) -> str:
    """All rows, in columns."""
    rows = [HEADINGS, *map(_row, results)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(result: Result) -> tuple[str, ...]:
    tails = [result.p50_ms, result.p95_ms, result.p99_ms]
    return (
        result.name,
        _figure(result.ours, result.unit),
        _figure(result.floor, result.unit),
        "–" if result.ratio is None else f"{result.ratio:.2f}",
        "–" if None in tails else " / ".join(f"{tail:.1f}" for tail in tails if tail is not None),
        result.goal,
        result.verdict,
        "→".join(f"{each:.1f}" for each in result.load),
        result.note,
    )


def _figure(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:,.1f} {unit}"
