"""PURE: the figures of a played day, from what the driver remembers."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twin.day_file import BOOKED, TRACKS
from twin.drive.records import ABSENT, SERVED, Visit


@dataclass(frozen=True, slots=True)
class TrackFigures:
    """One track, or all. arrivals = served + absent + refused + left; admitted = arrivals − refused.

    Waits are in minutes; `promise_kept` is the share of called tickets that were called by the latest time
    told when the ticket was given. `no_shows` booked and never came, so they are no arrivals.
    """

    arrivals: int
    admitted: int
    served: int
    absent: int
    refused: int
    left: int
    no_shows: int
    wait_mean: float | None
    wait_p50: float | None
    wait_p90: float | None
    promise_kept: float | None
    messages: int
    surveys: int
    ratings: int


def percentile(values: Iterable[float], share: float) -> float | None:
    """The nearest-rank percentile; None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def figures(visits: Sequence[Visit]) -> TrackFigures:
    """The figures of these visits."""
    waits = [visit.wait.total_seconds() / 60 for visit in visits if visit.wait is not None]
    told = [
        visit.called_at <= visit.latest_at
        for visit in visits
        if visit.called_at is not None and visit.latest_at is not None
    ]
    admitted = [visit for visit in visits if visit.ticket is not None]
    served = sum(visit.state == SERVED for visit in admitted)
    absent = sum(visit.state == ABSENT for visit in admitted)
    return TrackFigures(
        arrivals=sum(visit.came for visit in visits),
        admitted=len(admitted),
        served=served,
        absent=absent,
        refused=sum(visit.refusal is not None for visit in visits),
        left=len(admitted) - served - absent,
        no_shows=sum(visit.appointment is not None and not visit.came for visit in visits),
        wait_mean=sum(waits) / len(waits) if waits else None,
        wait_p50=percentile(waits, 0.5),
        wait_p90=percentile(waits, 0.9),
        promise_kept=sum(told) / len(told) if told else None,
        messages=sum(visit.messages for visit in visits),
        surveys=sum(visit.surveys for visit in visits),
        ratings=sum(visit.grade is not None for visit in visits),
    )


def by_track(visits: Sequence[Visit]) -> dict[str, TrackFigures]:
    """Track → figures, the day file's three always; a ticket of another track adds a row."""
    tracks = dict.fromkeys((*TRACKS, *(visit.track for visit in visits)))
    return {track: figures([visit for visit in visits if visit.track == track]) for track in tracks}


def moved(visits: Iterable[Visit]) -> int:
    """How many booked another half-hour than they wanted."""
    return sum(visit.slot_at is not None and visit.slot_at != visit.wanted_slot_at for visit in visits)


def without_number(visits: Iterable[Visit]) -> int:
    """How many wanted to book, found nothing free on the day, and came without."""
    return sum(visit.person.track == BOOKED and visit.appointment is None for visit in visits)
