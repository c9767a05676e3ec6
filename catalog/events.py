"""What happens to the catalogue."""

from dataclasses import dataclass

from kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class ServicesSaved(Event):
    """Services were edited: searches and lists are read anew."""

    count: int

    def topics(self) -> list[str]:
        """Pages that list services."""
        return ["catalog"]
