"""What happens around ratings. Ids and grades only."""

from dataclasses import dataclass

from kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class RatingGiven(Event):
    """A visit was rated."""

    rating_id: int
    hall_id: int
    grade: int


@dataclass(frozen=True, slots=True)
class CaseOpened(Event):
    """A bad rating must be answered."""

    case_id: int
    hall_id: int

    def topics(self) -> list[str]:
        """The follow-up desk's page, as well as the hall's."""
        return [f"hall:{self.hall_id}", "desk"]


@dataclass(frozen=True, slots=True)
class CaseMoved(Event):
    """The owner of a bad rating was called, or answered for good."""

    case_id: int
    hall_id: int

    def topics(self) -> list[str]:
        """As for `CaseOpened`."""
        return [f"hall:{self.hall_id}", "desk"]
