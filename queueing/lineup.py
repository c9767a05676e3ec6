"""PURE: a line in memory that always knows the heads of its lanes; used by estimates and by the simulator.

Each change costs O(log n): one heap per lane, in which tickets that are gone stay until they surface.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import replace

from queueing.ordering import LANE_ORDER, Heads, Lane, SortKey, Waiting, by_key, lanes_of

_Entry = tuple[SortKey, int, Waiting]
_ALL = tuple(Lane)


class Lineup:
    """Waiting tickets, changed by add, remove and count_call. Ticket ids are distinct.

    `lanes`: those whose heads will be asked for, where not all (queueing.ordering.lanes_used).
    """

    def __init__(self, waiting: Iterable[Waiting] = (), *, lanes: Iterable[Lane] = _ALL) -> None:
        self._tickets: dict[int, Waiting] = {}
        # The serial number decides between a ticket that came back and what is left of its first entry.
        self._heaps: dict[Lane, list[_Entry]] = {lane: [] for lane in lanes}
        self._serial = 0
        self._calls = 0
        self._minutes = 0.0
        for ticket in waiting:
            self.add(ticket)

    def __len__(self) -> int:
        return len(self._tickets)

    @property
    def minutes(self) -> float:
        """The sum of the minutes expected for everybody who waits."""
        return self._minutes

    def tickets(self) -> list[Waiting]:
        """Return everybody who waits, in no order; who lets calls pass as at the time of `add`."""
        return list(self._tickets.values())

    def add(self, ticket: Waiting) -> None:
        """Let a ticket wait; one that has to let calls pass comes back by itself (count_call)."""
        if ticket.ticket_id not in self._tickets:
            self._minutes += ticket.minutes
        self._tickets[ticket.ticket_id] = ticket
        self._serial += 1
        for lane in lanes_of(ticket):
            heap = self._heaps.get(lane)
            if heap is not None:
                heapq.heappush(heap, (self._order(lane, ticket), self._serial, ticket))

    def remove(self, ticket_id: int) -> Waiting:
        """Take out a ticket that was called or left; raises KeyError if it does not wait."""
        ticket = self._tickets.pop(ticket_id)
        self._minutes -= ticket.minutes
        return ticket

    def count_call(self) -> None:
        """Note that the group made a call: held tickets come one call closer."""
        self._calls += 1
        heap = self._heaps[Lane.HELD]
        while (held := self._head(heap)) and held[0][0] <= self._calls:
            _, _, ticket = heapq.heappop(heap)
            self.add(replace(ticket, calls_to_wait=0))

    def heads(self) -> Heads:
        """Return the first ticket of each lane that has one, for queueing.ordering.next_from_heads."""
        heads: dict[Lane, Waiting] = {}
        for lane, heap in self._heaps.items():
            head = self._head(heap) if heap else None
            if head is not None:
                heads[lane] = head[2]
        if Lane.HELD in heads:
            held = self._heaps[Lane.HELD][0]
            heads[Lane.HELD] = replace(held[2], calls_to_wait=held[0][0] - self._calls)
        return heads

    def _order(self, lane: Lane, ticket: Waiting) -> SortKey:
        if lane is Lane.HELD:
            # Held until a count of calls that does not move while calls are made.
            return (self._calls + ticket.calls_to_wait, *by_key(ticket))
        return LANE_ORDER[lane](ticket)

    def _head(self, heap: list[_Entry]) -> _Entry | None:
        tickets = self._tickets
        while heap:
            first = heap[0]
            if tickets.get(first[2].ticket_id) is first[2]:
                return first
            heapq.heappop(heap)
        return None
