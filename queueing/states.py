"""PURE: the life of a ticket: its states and the only ways between them, as drawn in docs/queue-rule.md."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class TicketState(StrEnum):
    """Where a ticket is. A ticket is issued as waiting and ends as completed or abandoned."""

    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    PARKED = "parked"
    ABSENT = "absent"
    COMPLETED = "completed"
    ABANDONED = "abandoned"


class TransitionRefused(Exception):
    """A ticket cannot go from `before` to `after`."""

    def __init__(self, before: TicketState, after: TicketState) -> None:
        self.before, self.after = before, after
        super().__init__(f"a ticket that is {before} cannot become {after}")


_S = TicketState

#: (before, after) → what people do to get there.
TRANSITIONS: Mapping[tuple[TicketState, TicketState], tuple[str, ...]] = MappingProxyType(
    {
        (_S.WAITING, _S.CALLED): ("call_next",),
        (_S.WAITING, _S.ABANDONED): ("abandon", "close_day"),
        (_S.WAITING, _S.SERVING): ("undo_transfer", "serve_in_village"),
        (_S.WAITING, _S.PARKED): ("undo_return",),
        (_S.WAITING, _S.ABSENT): ("undo_reinstate",),
        (_S.CALLED, _S.SERVING): ("start_serving",),
        (_S.CALLED, _S.ABSENT): ("mark_absent",),
        (_S.CALLED, _S.WAITING): ("undo_call",),
        (_S.CALLED, _S.ABANDONED): ("abandon", "close_day"),
        (_S.SERVING, _S.COMPLETED): ("complete", "close_day"),
        (_S.SERVING, _S.PARKED): ("park", "undo_resume"),
        (_S.SERVING, _S.WAITING): ("transfer", "next_leg"),
        (_S.SERVING, _S.CALLED): ("undo_start",),
        (_S.PARKED, _S.SERVING): ("resume", "undo_park"),
        (_S.PARKED, _S.WAITING): ("return_to_line",),
        (_S.PARKED, _S.ABANDONED): ("abandon", "close_day"),
        (_S.ABSENT, _S.WAITING): ("reinstate",),
        (_S.ABSENT, _S.CALLED): ("undo_absent",),
        (_S.ABSENT, _S.ABANDONED): ("abandon", "close_day"),
        (_S.COMPLETED, _S.SERVING): ("undo_complete",),
        (_S.ABANDONED, _S.WAITING): ("undo_abandon",),
        (_S.ABANDONED, _S.CALLED): ("undo_abandon",),
        (_S.ABANDONED, _S.PARKED): ("undo_abandon",),
        (_S.ABANDONED, _S.ABSENT): ("undo_abandon",),
    }
)

#: States that end a ticket. Only the ten seconds of an undo lead out of them.
FINAL = frozenset({_S.COMPLETED, _S.ABANDONED})

#: States in which a counter is occupied by the ticket.
AT_COUNTER = frozenset({_S.CALLED, _S.SERVING})


def can_become(before: TicketState, after: TicketState) -> bool:
    """Tell whether the drawing has an arrow from `before` to `after`."""
    return (before, after) in TRANSITIONS


def ensure(before: TicketState, after: TicketState) -> None:
    """Raise TransitionRefused where the drawing has no arrow from `before` to `after`."""
    if not can_become(before, after):
        raise TransitionRefused(before, after)
