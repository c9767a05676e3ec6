"""Ours and the floor measured in turns, so that what disturbs the machine disturbs both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.result import latencies, middle
from bench.scale import Scale


@dataclass(slots=True)
class Measured:
    """One measurement: how many were done in so many seconds, how long each took, what went wrong."""

    done: int = 0
    seconds: float = 0.0
    each: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Throughput."""
        return self.done / self.seconds if self.seconds else 0.0


Measure = Callable[[float], Measured]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Measurements of ours and of the floor, one after the other."""

    ours: Sequence[Measured]
    floor: Sequence[Measured]

    def figures(self) -> dict[str, float | None]:
        """Medians of throughput, of the ratio within each pair, and of all our latencies."""
        ratios = [
            ours.per_second / floor.per_second
            for ours, floor in zip(self.ours, self.floor, strict=True)
            if floor.per_second
        ]
        return {
            "ours": middle([each.per_second for each in self.ours]),
            "floor": middle([each.per_second for each in self.floor]),
            "ratio": round(median(ratios), 3) if ratios else None,
            **latencies([seconds for each in self.ours for seconds in each.each]),
        }

    def wrong(self) -> list[str]:
        """Everything that went wrong, each kind once."""
        return sorted({what for each in (*self.ours, *self.floor) for what in each.wrong})


def in_turns(ours: Measure, floor: Measure, scale: Scale) -> Pairs:
    """Warm both up, then measure one after the other."""
    if scale.warm_up:
        ours(scale.warm_up)
        floor(scale.warm_up)
    measured = [(ours(scale.seconds), floor(scale.seconds)) for _ in range(scale.runs)]
    return Pairs([each for each, _ in measured], [each for _, each in measured])
