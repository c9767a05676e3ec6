"""PURE: how well the waits of whole days are foretold: day by day, hall by hall, and all together.

Each day is played under `promise`. Nothing of it is known before: service times, and how many of those who
book come, are learned on the given earlier days of its hall, as a running hall learns them.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import TypedDict

from twin.day_file import BOOKED, Day
from twin.sim.hall import HallDay
from twin.sim.predictions import NOW_MINUTES, Foretold, PredictionFigures, Predictions, figures_of
from twin.sim.replay import people_of, scenario_after
from twin.sim.run import rule_of

#: Classes of those who were told a range: by the wait that was foretold, and by the hour of asking.
TOLD = {"<=10": (0, 10), "10-30": (10, 30), "30-60": (30, 60), ">60": (60, 1e9)}
HOURS = {
    "<8": (0, 8),
    "8-10": (8, 10),
    "10-12": (10, 12),
    "12-14": (12, 14),
    "14-16": (14, 16),
    ">=16": (16, 24),
}

Where = Callable[[Foretold], bool]


class Ranges(TypedDict):
    """Some of those who were told a range: how many, and the share whose wait lay in it; null of nobody."""

    people: int
    within_share: float | None


class Report(PredictionFigures):
    """Of a day, a hall or all days: the figures of `predictions`, and who was told what.

    `booked_share`: of all people of the day files. `told_range`: those told a range and not "now". `_below`,
    `_above`: of these, who waited less or longer than the range. `mae_to_les`: the error as a share of that
    of the wait of the last person called.
    """

    days: int
    booked_share: float
    mae_to_les: float | None
    told_range: int
    interval_below_share: float
    interval_above_share: float
    interval_by_told_min: dict[str, Ranges]
    interval_by_hour: dict[str, Ranges]


def foretell(days: Sequence[Day], *, fit: Sequence[Day]) -> dict[str, Report]:
    """Name → figures: each day (`hall date`), each hall (`hall`) and, of several halls, `all`."""
    played = [(day, _play(day, [each for each in fit if each.hall_code == day.hall_code])) for day in days]
    halls = list(dict.fromkeys(day.hall_code for day in days))
    found = {f"{day.hall_code} {day.on_date}": _report([(day, rows)]) for day, rows in played}
    found |= {hall: _report([each for each in played if each[0].hall_code == hall]) for hall in halls}
    return found | ({"all": _report(played)} if len(halls) > 1 else {})


def _play(day: Day, earlier: Sequence[Day]) -> list[Foretold]:
    scenario, watch = scenario_after(day, earlier), Predictions()
    rule = rule_of(scenario, "promise")
    HallDay(scenario, people_of(day), rule, day=0, walk_in_only=False, watch=watch).play()
    return watch.rows


def _report(played: Sequence[tuple[Day, Sequence[Foretold]]]) -> Report:
    rows = [row for _day, of_day in played for row in of_day]
    ranged = [row for row in rows if row.high > NOW_MINUTES]
    figures, people = figures_of(rows), [one for day, _rows in played for one in day.people]
    les = figures["baseline_les_mae_min"]
    return Report(
        **figures,
        days=len(played),
        booked_share=round(fmean(one.track == BOOKED for one in people), 4) if people else 0.0,
        mae_to_les=round(figures["predict_mae_min"] / les, 4) if les else None,
        told_range=len(ranged),
        interval_below_share=_share(ranged, lambda row: row.wait < row.low) or 0.0,
        interval_above_share=_share(ranged, lambda row: row.wait > row.high) or 0.0,
        interval_by_told_min=_classes(ranged, TOLD, lambda row: row.predicted),
        interval_by_hour=_classes(ranged, HOURS, lambda row: row.hour + 0.5),
    )


def _classes(
    rows: Sequence[Foretold], classes: Mapping[str, tuple[float, float]], of: Callable[[Foretold], float]
) -> dict[str, Ranges]:
    """Classes end with their upper end, and begin above their lower one; the first begins with it."""
    found = {}
    for name, (low, high) in classes.items():
        mine = [row for row in rows if low < of(row) <= high or (low == 0 and of(row) == 0)]
        within = _share(mine, lambda row: row.low <= row.wait <= row.high)
        found[name] = Ranges(people=len(mine), within_share=within)
    return found


def _share(rows: Sequence[Foretold], where: Where) -> float | None:
    return round(fmean(map(where, rows)), 4) if rows else None


def table(found: Mapping[str, Report]) -> str:
    """A table in Markdown, the columns of docs/queue-science.md; then the classes of the last row."""
    head = (
        "| | tickets | booked | MAE | hits | hits where told ≤ 30 min | in the range told"
        " | with those called at once | MAE of `hall` | MAE of `les` | MAE ÷ `les` |"
    )
    last = list(found.values())[-1]
    return "\n".join(
        (
            head,
            "|---" * 11 + "|",
            *(_line(name, report) for name, report in found.items()),
            "",
            f"Told a range: {last['told_range']} of {last['predicted']}.",
            f"Waited less: {last['interval_below_share']:.1%}, longer: {last['interval_above_share']:.1%}.",
            f"Within it by the minutes foretold: {_listed(last['interval_by_told_min'])}",
            f"Within it by the hour of asking: {_listed(last['interval_by_hour'])}",
        )
    )


def _line(name: str, it: Report) -> str:
    ratio = "–" if it["mae_to_les"] is None else f"{it['mae_to_les']:.2f}"
    cells = (
        name,
        f"{it['predicted']:,}",
        f"{it['booked_share']:.0%}",
        f"{it['predict_mae_min']:.1f}",
        f"{it['predict_hit_share']:.0%}",
        f"{it['predict_hit_share_short']:.0%}",
        f"{it['predict_interval_share']:.1%}",
        f"{it['predict_interval_all_share']:.0%}",
        f"{it['baseline_hall_mae_min']:.1f}",
        f"{it['baseline_les_mae_min']:.1f}",
        ratio,
    )
    return f"| {' | '.join(cells)} |"


def _listed(classes: Mapping[str, Ranges]) -> str:
    return ", ".join(
        f"{name} {it['within_share']:.0%} of {it['people']}"
        for name, it in classes.items()
        if it["within_share"] is not None
    )
