"""PURE: what a played day came to, as a table for people and as JSON for programs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from twin.drive.summary import TrackFigures

#: (heading, figure, form)
_COLUMNS = (
    ("arrivals", "arrivals", "d"),
    ("admitted", "admitted", "d"),
    ("served", "served", "d"),
    ("absent", "absent", "d"),
    ("refused", "refused", "d"),
    ("left", "left", "d"),
    ("no-shows", "no_shows", "d"),
    ("mean", "wait_mean", ".1f"),
    ("p50", "wait_p50", ".1f"),
    ("p90", "wait_p90", ".1f"),
    ("kept", "promise_kept", ".0%"),
    ("messages", "messages", "d"),
    ("surveys", "surveys", "d"),
    ("ratings", "ratings", "d"),
)
#: Figures that the JSON gives as objects per track: key → figure.
_PER_TRACK = {
    "arrivals": "arrivals",
    "admitted": "admitted",
    "served": "served",
    "absent": "absent",
    "refused": "refused",
    "left": "left",
    "no_shows": "no_shows",
    "wait_mean_min": "wait_mean",
    "wait_p50_min": "wait_p50",
    "wait_p90_min": "wait_p90",
    "promise_kept_share": "promise_kept",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A played day. `rate` was asked for, `rate_mean` is what this machine kept up with.

    The lag is by how much the driver's own steps began late, in real seconds and in minutes of the day.
    """

    day: str
    hall: str
    on_date: str
    rate: float
    seed: int
    tracks: Mapping[str, TrackFigures]
    overall: TrackFigures
    moved: int
    without_number: int
    ratings_by_grade: Mapping[int, int]
    refusals: Mapping[str, int]
    overtime_min: float
    rate_mean: float
    slowest_rate: float
    lag_p95_s: float
    lag_p95_min: float
    answer_p95_ms: Mapping[str, float]
    booking_s: float
    playing_s: float
    violations: tuple[str, ...]


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The JSON document; minutes and shares rounded to what they can bear."""
    data: dict[str, Any] = {
        key: {track: _rounded(getattr(one, figure)) for track, one in outcome.tracks.items()}
        for key, figure in _PER_TRACK.items()
    }
    whole = outcome.overall
    return {
        "day": outcome.day,
        "hall": outcome.hall,
        "date": outcome.on_date,
        "rate": outcome.rate,
        "rate_mean": _rounded(outcome.rate_mean),
        "slowest_rate": _rounded(outcome.slowest_rate),
        "seed": outcome.seed,
        **data,
        "overall": {
            **{key: _rounded(getattr(whole, figure)) for key, figure in _PER_TRACK.items()},
        },
        "messages_sent": whole.messages,
        "surveys_sent": whole.surveys,
        "ratings": whole.ratings,
        "ratings_by_grade": {str(grade): count for grade, count in outcome.ratings_by_grade.items()},
        "booked_other_slot": outcome.moved,
        "found_no_number": outcome.without_number,
        "refusals": dict(outcome.refusals),
        "overtime_min": _rounded(outcome.overtime_min),
        "lag_p95_s": _rounded(outcome.lag_p95_s),
        "lag_p95_min": _rounded(outcome.lag_p95_min),
        "answer_p95_ms": {name: _rounded(value) for name, value in outcome.answer_p95_ms.items()},
        "booking_s": _rounded(outcome.booking_s),
        "playing_s": _rounded(outcome.playing_s),
        "violations": list(outcome.violations),
    }


def table(outcome: Outcome) -> str:
    """One row per track. Mean, p50 and p90 are waits in minutes; kept: called by the time told at issue."""
    rows = [("track", *(heading for heading, _figure, _form in _COLUMNS))]
    for track, one in (*outcome.tracks.items(), ("all", outcome.overall)):
        values = asdict(one)
        rows.append((track, *(_cell(values[figure], form) for _heading, figure, form in _COLUMNS)))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = [" ".join(_aligned(row, widths)) for row in rows]
    return "\n".join([*lines, *_remarks(outcome)])


def _aligned(row: tuple[str, ...], widths: list[int]) -> list[str]:
    first, *rest = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]


def _remarks(outcome: Outcome) -> list[str]:
    slots = f"{outcome.moved} booked another half-hour than they wanted"
    speed = f"the day {outcome.playing_s:.0f} s at {outcome.rate_mean:.0f} times its speed"
    found = [
        f"{slots}, {outcome.without_number} found no number and came without.",
        f"Overtime of all counters: {outcome.overtime_min:.0f} min.",
        f"Booking took {outcome.booking_s:.0f} s, {speed}.",
    ]
    if outcome.slowest_rate < outcome.rate:
        rates = f"{outcome.rate_mean:.0f} on average, {outcome.slowest_rate:.0f} at the slowest moment"
        found.append(
            f"This machine could not keep {outcome.rate:g}: the clock ran slower for a while ({rates})."
        )
    if outcome.lag_p95_min > LATE_MINUTES:
        late = f"5 % of all steps began {outcome.lag_p95_min:.1f} min of the day or more late"
        found.append(f"Waits are not to be trusted: {late}. Choose a lower --rate.")
    found += [f"broken: {violation}" for violation in outcome.violations[:_MOST]]
    more = len(outcome.violations) - _MOST
    return [*found, *([f"… and {more} more"] if more > 0 else [])]


#: A lag of so many business minutes makes the waits unreliable.
LATE_MINUTES = 1.0
_MOST = 20


def _cell(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _rounded(value: float | None) -> float | None:
    return value if value is None or isinstance(value, int) else round(value, 3)
