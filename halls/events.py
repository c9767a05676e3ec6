"""What happens to halls and their plans."""

from dataclasses import dataclass

from kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class HallSaved(Event):
    """A hall, its lines, counters or plan were edited."""

    hall_id: int


@dataclass(frozen=True, slots=True)
class ClosureAdded(Event):
    """A hall or one of its lines will not serve for a while."""

    closure_id: int
    hall_id: int


@dataclass(frozen=True, slots=True)
class ClosureLifted(Event):
    """A closure was taken back."""

    closure_id: int
    hall_id: int
