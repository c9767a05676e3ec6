"""PURE: events of the running hall, played again: does the twin call the same people?

The lines of the twin are fed with what happened (who joined a line, who left it, when a counter called, where
somebody works), and asked at every call that the rule made who is next.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from queueing.lineup import Lineup
from queueing.ordering import Choice, RecentCall, Waiting, next_from_heads
from queueing.policy import QueuePolicy
from twin.sim.lines import Numbered, calls_together, heads_together


@dataclass(frozen=True, slots=True)
class Joined:
    """A ticket waits in a line: new, or again (missed its call, put aside, transferred, next leg, undone).

    With `waiting.to_counter` it waits for one counter alone.
    """

    group: int
    waiting: Waiting


@dataclass(frozen=True, slots=True)
class Left:
    """A waiting ticket waits no more, and was not called: given up, or a step that was taken back."""

    group: int
    ticket_id: int


@dataclass(frozen=True, slots=True)
class Called:
    """A counter that serves `groups` called the ticket `ticket_id` of `group`.

    `chosen`: by an officer who chose it, whoever was next.
    """

    at: datetime
    groups: tuple[int, ...]
    group: int
    ticket_id: int
    counter: int | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Undone:
    """The last call of this ticket was taken back: it used up no turn of the rule, and it waits again.

    Calls of a line only grow: who lets calls pass has come closer by one all the same.
    """

    group: int
    waiting: Waiting


@dataclass(frozen=True, slots=True)
class Worked:
    """Somebody works at this counter from now on, or nobody does (paused, closed)."""

    counter: int
    open: bool


Event = Joined | Left | Called | Undone | Worked


class _Lines:
    """Who waits: in each line one lineup for any counter, and one for each counter that some wait for."""

    def __init__(self) -> None:
        self._lineups: defaultdict[int, defaultdict[int | None, Lineup]] = defaultdict(
            lambda: defaultdict(Lineup)
        )
        self._waits_for: dict[int, int | None] = {}
        self.at_work: set[int] = set()

    def add(self, group: int, waiting: Waiting) -> None:
        """Let a ticket wait."""
        self._waits_for[waiting.ticket_id] = waiting.to_counter
        self._lineups[group][waiting.to_counter].add(waiting)

    def remove(self, group: int, ticket_id: int) -> Waiting:
        """It waits no more."""
        return self._lineups[group][self._waits_for.pop(ticket_id)].remove(ticket_id)

    def count_call(self, group: int) -> None:
        """The line made a call: for all of its tickets, whichever counter they wait for."""
        for lineup in self._lineups[group].values():
            lineup.count_call()

    def seen_by(self, counter: int | None, groups: Iterable[int]) -> Sequence[Lineup]:
        """Those whom a counter may call: who waits for another is left to it while somebody works there."""
        return [
            lineup
            for group in groups
            for waits_for, lineup in self._lineups[group].items()
            if waits_for in {None, counter} or waits_for not in self.at_work
        ]


def play_again(events: Iterable[Event], policy: QueuePolicy) -> Iterator[tuple[Called, Choice | None]]:
    """Yield each call of the rule with the choice of the twin; the recorded one is then carried out."""
    lines = _Lines()
    # All of the day: one that was taken back lets an older one count again.
    recent: defaultdict[int, deque[Numbered]] = defaultdict(deque)
    last_call: dict[int, int] = {}
    made = 0
    for event in events:
        if isinstance(event, Joined):
            lines.add(event.group, event.waiting)
        elif isinstance(event, Left):
            lines.remove(event.group, event.ticket_id)
        elif isinstance(event, Worked):
            (lines.at_work.add if event.open else lines.at_work.discard)(event.counter)
        elif isinstance(event, Undone):
            undone = last_call[event.waiting.ticket_id]
            recent[event.group] = deque(call for call in recent[event.group] if call[0] != undone)
            lines.add(event.group, event.waiting)
        else:
            if not event.chosen:
                heads = heads_together(lines.seen_by(event.counter, event.groups))
                calls = calls_together([recent[group] for group in event.groups])
                yield event, next_from_heads(heads, calls, event.at, policy)
            ticket = lines.remove(event.group, event.ticket_id)
            lines.count_call(event.group)
            made += 1
            last_call[event.ticket_id] = made
            recent[event.group].appendleft((made, RecentCall(ticket.track, ticket.returned_at is not None)))
