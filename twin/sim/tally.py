"""PURE: what is counted on simulated days."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Counts and waits, in minutes, of one day or (after `add`) of many.

    The wait of a booked person counts from the slot's start, or from the check-in where that was later; of
    others from the moment they asked. It ends with the first call.
    """

    people: int = 0
    walk_ins_asked: int = 0
    walk_ins_refused: int = 0
    greens_refused: int = 0
    booked_waits: list[float] = field(default_factory=list)
    walk_in_waits: list[float] = field(default_factory=list)
    green_waits: list[float] = field(default_factory=list)
    promises: int = 0
    promises_kept: int = 0
    promised_minutes: float = 0.0
    started: int = 0
    started_before_close: int = 0
    overtimes: list[float] = field(default_factory=list)
    counter_minutes: float = 0.0
    counters_added: int = 0
    days_extended: int = 0
    missed_calls: int = 0

    def add(self, other: "Tally") -> None:
        """Add another day."""
        for name in self.__slots__:
            mine = getattr(self, name)
            mine += getattr(other, name)  # lists grow in place
            setattr(self, name, mine)

    @property
    def waits(self) -> list[float]:
        """The waits of everybody who was called."""
        return self.booked_waits + self.walk_in_waits + self.green_waits
