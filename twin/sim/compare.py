"""PURE: policies compared in pairs: the same people on the same days, seed by seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from twin.sim.run import Figures, run_beside
from twin.sim.scenario import Scenario

#: Two-sided 95 % quantiles of Student's t by degrees of freedom; beyond the table nearly normal.
_T95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
_NORMAL95 = 1.96

#: What is compared, in the order of the tables: the figure, and whether less is better (None: neither).
COMPARED: tuple[tuple[str, bool | None], ...] = (
    ("citizen_index", True),
    ("mean_wait_min", True),
    ("booked_wait_p90_min", True),
    ("booked_within_10_min_share", False),
    ("walk_in_wait_mean_min", True),
    ("walk_in_wait_p90_min", True),
    ("green_wait_mean_min", True),
    ("promise_kept_share", False),
    ("promised_wait_mean_min", None),
    ("walk_ins_same_day_share", False),
    ("started_before_close_share", False),
    ("overtime_p90_min", True),
    ("counter_hours", None),
)


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over seeds and the half-width of its 95 % confidence interval (0 for a single seed)."""

    mean: float
    half: float

    @property
    def low(self) -> float:
        return self.mean - self.half

    @property
    def high(self) -> float:
        return self.mean + self.half

    @property
    def drawn(self) -> float:
        """The half-width that a plot shows: none where there is no interval."""
        return self.half if math.isfinite(self.half) else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Figures per policy and seed. The first policy is the one the others are compared with."""

    scenario: str
    days: int
    seeds: tuple[int, ...]
    by_policy: dict[str, tuple[Figures, ...]]

    def level(self, policy: str, figure: str) -> Interval:
        """The figure of a policy over the seeds."""
        return interval([self._value(run, figure) for run in self.by_policy[policy]])

    def difference(self, policy: str, figure: str) -> Interval:
        """The first policy minus this one, seed by seed."""
        first = next(iter(self.by_policy.values()))
        pairs = zip(first, self.by_policy[policy], strict=True)
        return interval([self._value(one, figure) - self._value(other, figure) for one, other in pairs])

    @staticmethod
    def _value(figures: Figures, figure: str) -> float:
        value = figures[figure]  # type: ignore[literal-required]  # the names of COMPARED are tested
        return float(value)


def interval(values: Sequence[float]) -> Interval:
    """The mean and the half-width of its 95 % interval, by Student's t; infinite for one value alone."""
    if len(values) == 1:
        return Interval(values[0], math.inf)
    freedom = len(values) - 1
    quantile = _T95[freedom - 1] if freedom <= len(_T95) else _NORMAL95
    return Interval(fmean(values), quantile * stdev(values) / math.sqrt(len(values)))


def compare(
    scenario: Scenario,
    *,
    policies: Sequence[str],
    seeds: Sequence[int],
    days: int,
) -> Comparison:
    """Run every policy on every seed."""
    runs: dict[str, list[Figures]] = {policy: [] for policy in policies}
    for seed in seeds:
        beside = run_beside(scenario, policies=policies, days=days, seed=seed)
        for policy in policies:
            runs[policy].append(beside[policy])
    by_policy = {policy: tuple(rows) for policy, rows in runs.items()}
    return Comparison(scenario.name_en, days, tuple(seeds), by_policy)


def verdict(difference: Interval, *, less_is_better: bool | None) -> str:
    """Say in a word whether the first policy is better: the interval must not contain 0."""
    if less_is_better is None or difference.low <= 0 <= difference.high:
        return "="
    return "better" if (difference.mean < 0) == less_is_better else "worse"


def table(comparison: Comparison) -> str:
    """Plain text: levels of each policy, then the paired differences of the first from the others."""
    policies = list(comparison.by_policy)
    days, seeds = comparison.days, len(comparison.seeds)
    width = max(len(name) for name, _ in COMPARED) + 2
    told = "mean ± half-width of the 95 % interval" if seeds > 1 else "one seed has no interval"
    lines = [
        f"{comparison.scenario}: {days} days x {seeds} seeds, {told}",
        "".ljust(width) + "".join(policy.rjust(20) for policy in policies),
    ]
    for figure, _ in COMPARED:
        levels = [comparison.level(policy, figure) for policy in policies]
        lines.append(figure.ljust(width) + "".join(written(level).rjust(20) for level in levels))
    if not policies[1:]:
        return "\n".join(lines)
    lines += ["", f"{policies[0]} minus the other, the same people (= : the interval contains 0)"]
    for figure, less in COMPARED:
        cells = []
        for policy in policies[1:]:
            difference = comparison.difference(policy, figure)
            cells.append(f"{written(difference)} {verdict(difference, less_is_better=less):>6}".rjust(28))
        lines.append(figure.ljust(width) + "".join(cells))
    return "\n".join(lines)


def written(value: Interval) -> str:
    """The mean with its interval, where there is one."""
    return f"{value.mean:.3f} ± {value.half:.3f}" if math.isfinite(value.half) else f"{value.mean:.3f}"
