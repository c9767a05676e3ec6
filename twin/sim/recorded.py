"""PURE: events of the running hall, played again: does the twin call the same people?

The lines of the twin are fed with what happened (who joined a line, who left it, when a counter called), and
asked at every call who is next.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from queueing.lineup import Lineup
from queueing.ordering import Choice, RecentCall, Waiting, next_from_heads
from queueing.policy import QueuePolicy
from twin.sim.lines import Numbered, calls_together, heads_together


@dataclass(frozen=True, slots=True)
class Joined:
    """A ticket waits in a line: new, back after a missed call, or transferred; also to one counter alone."""

    group: int
    waiting: Waiting


@dataclass(frozen=True, slots=True)
class Left:
    """A waiting ticket was given up, or goes to another line."""

    group: int
    ticket_id: int


@dataclass(frozen=True, slots=True)
class Called:
    """A counter that serves `groups` called the ticket `ticket_id` of `group`."""

    at: datetime
    groups: tuple[int, ...]
    group: int
    ticket_id: int


@dataclass(frozen=True, slots=True)
class Undone:
    """The last call of this ticket was taken back: it used up no turn of the rule, and it waits again.

    Calls of a line only grow: who lets calls pass has come closer by one all the same.
    """

    group: int
    waiting: Waiting


Event = Joined | Left | Called | Undone


def play_again(events: Iterable[Event], policy: QueuePolicy) -> Iterator[tuple[Called, Choice | None]]:
    """Yield each recorded call with the choice of the twin; the recorded one is then carried out."""
    lines: defaultdict[int, Lineup] = defaultdict(Lineup)
    # All of the day: one that was taken back lets an older one count again.
    recent: defaultdict[int, deque[Numbered]] = defaultdict(deque)
    last_call: dict[int, int] = {}
    made = 0
    for event in events:
        if isinstance(event, Joined):
            lines[event.group].add(event.waiting)
        elif isinstance(event, Left):
            lines[event.group].remove(event.ticket_id)
        elif isinstance(event, Undone):
            undone = last_call[event.waiting.ticket_id]
            recent[event.group] = deque(call for call in recent[event.group] if call[0] != undone)
            lines[event.group].add(event.waiting)
        else:
            heads = heads_together([lines[group] for group in event.groups])
            calls = calls_together([recent[group] for group in event.groups])
            yield event, next_from_heads(heads, calls, event.at, policy)
            ticket = lines[event.group].remove(event.ticket_id)
            lines[event.group].count_call()
            made += 1
            last_call[event.ticket_id] = made
            recent[event.group].appendleft((made, RecentCall(ticket.track, ticket.returned_at is not None)))
