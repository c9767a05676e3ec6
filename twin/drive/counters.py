"""Counters at work: open, call, serve, close, as the plan and the line want it."""

import threading
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from time import sleep
from typing import Any

from halls.plan_rows import DAY_MINUTES, SLOT_MINUTES
from twin.day_file import Day
from twin.drive.agenda import Agenda
from twin.drive.hall import DriveHall
from twin.drive.lines import Lines
from twin.drive.records import ABSENT, CALLED, SERVED, Visit
from twin.drive.server import Refused, Server

#: Who does not come is called again and given up sooner than the rule's 45, 90 and 150 seconds ask for.
RECALL_AFTER, ABSENT_AFTER = timedelta(seconds=45), timedelta(seconds=90)
#: A resting counter looks by itself so often; it is woken at once when somebody takes a number.
LOOK_EVERY = timedelta(minutes=3)
#: A counter whose time is over stays so long at most for people whom nobody else can serve.
OVERTIME = timedelta(hours=3)
_AGAIN = timedelta(seconds=10)


@dataclass(slots=True)
class Floor:
    """What all counters share."""

    server: Server
    hall: DriveHall
    agenda: Agenda
    lines: Lines
    visits: Mapping[str, Visit]  # by label
    served: Callable[[Visit], None]
    violations: list[str] = field(default_factory=list)
    called: dict[str, int] = field(default_factory=dict)  # label → counter
    overtime: timedelta = timedelta(0)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, label: str) -> Visit | None:
        """Who holds the ticket; it may be called before its holder has read the kiosk's answer."""
        for _try in range(100):
            visit = self.visits.get(label)
            if visit is not None:
                return visit
            sleep(0.02)
        return None


class Desk:
    """One counter. At any moment one action of it is planned, or it rests."""

    def __init__(self, floor: Floor, number: int, groups: Collection[str]) -> None:
        self._floor, self._number, self._groups = floor, number, groups
        self._open = False
        self._leaves_at: datetime | None = None
        self._turn = 0  # a resting desk's own look is void once it was woken

    def open(self) -> None:
        """Begin, or stay where overtime has reached the next opening."""
        self._leaves_at = None
        self._floor.lines.staff(self._number, self._groups)
        if not self._open:
            self._open = True
            self._do("open")
            self._call()

    def leave(self) -> None:
        """The plan ends; a visit in hand and people whom nobody else can serve come first."""
        self._leaves_at = self._now()
        self._floor.lines.leave(self._number)
        if self._floor.lines.rouse(self._number):
            self._call()

    def _wake(self) -> None:
        self._floor.agenda.at(self._now(), self._call)

    def _call(self) -> None:
        self._turn += 1
        if self._may_go():
            self._close()
            return
        answer = self._do("call-next", key=uuid.uuid4().hex)
        if answer is None or answer["ticket"] is None:
            self._rest()
        else:
            self._receive(answer["ticket"])

    def _may_go(self) -> bool:
        if self._leaves_at is None:
            return False
        return self._now() > self._leaves_at + OVERTIME or not self._floor.lines.must_stay(self._number)

    def _rest(self) -> None:
        if self._leaves_at is not None:
            self._close()
        elif self._floor.lines.rest(self._number, self._groups, self._wake):
            turn = self._turn
            self._floor.agenda.at(self._now() + LOOK_EVERY, lambda: self._look(turn))
        else:
            self._floor.agenda.at(self._now() + _AGAIN, self._call)

    def _look(self, turn: int) -> None:
        if turn == self._turn and self._floor.lines.rouse(self._number):
            self._call()

    def _receive(self, ticket: Mapping[str, Any]) -> None:
        visit = self._floor.find(ticket["label"])
        if visit is None:
            self._say(f"stranger_called: {ticket['label']} at counter {self._number}")
            self._ticket(ticket["label"], "absent")
            self._call()
            return
        self._note(visit, ticket)
        if visit.person.absent:
            at = visit.called_at or self._now()
            self._floor.agenda.at(at + RECALL_AFTER, lambda: self._recall(visit))
            return
        self._ticket(visit.label, "start")
        ends_at = (visit.called_at or self._now()) + timedelta(minutes=visit.person.minutes)
        self._floor.agenda.at(ends_at, lambda: self._complete(visit))

    def _note(self, visit: Visit, ticket: Mapping[str, Any]) -> None:
        called_at = ticket["called_at"]
        with self._floor.lock:
            before = self._floor.called.setdefault(ticket["label"], self._number)
        if before != self._number or visit.called_at is not None:
            self._say(f"called_twice: {ticket['label']} at counters {before} and {self._number}")
        visit.called_at = datetime.fromisoformat(called_at) if called_at else self._now()
        visit.counter, visit.state = self._number, CALLED
        self._floor.lines.called(visit.person.group)

    def _recall(self, visit: Visit) -> None:
        self._ticket(visit.label, "recall")
        at = (visit.called_at or self._now()) + ABSENT_AFTER
        self._floor.agenda.at(at, lambda: self._give_up(visit))

    def _give_up(self, visit: Visit) -> None:
        if self._ticket(visit.label, "absent"):
            visit.state, visit.ended_at = ABSENT, self._now()
        self._call()

    def _complete(self, visit: Visit) -> None:
        if self._ticket(visit.label, "complete"):
            visit.state, visit.ended_at = SERVED, self._now()
            self._floor.served(visit)
        self._call()

    def _close(self) -> None:
        if self._leaves_at is not None:
            with self._floor.lock:
                self._floor.overtime += max(timedelta(0), self._now() - self._leaves_at)
        self._floor.lines.gone(self._number)
        self._open = False
        self._do("close")

    def _do(self, verb: str, *, key: str = "") -> Any:
        """A verb of the counter; a refusal is a broken promise here, since only we work it."""
        try:
            path = f"/halls/{self._floor.hall.code}/counters/{self._number}/{verb}"
            return self._floor.server.post(path, key=key)
        except Refused as refused:
            if refused.is_done:
                return None
            self._say(f"counter_refused: {verb} at counter {self._number}: {refused.code}")
            return None

    def _ticket(self, label: str, verb: str) -> bool:
        try:
            self._floor.server.post(f"/halls/{self._floor.hall.code}/tickets/{label}/{verb}")
        except Refused as refused:
            if refused.is_done:
                return True
            self._say(f"ticket_refused: {verb} at counter {self._number}: {refused.code}")
            return False
        return True

    def _say(self, violation: str) -> None:
        with self._floor.lock:
            self._floor.violations.append(violation)

    def _now(self) -> datetime:
        return self._floor.agenda.clock.now()


def plan_counters(floor: Floor, day: Day) -> None:
    """Put every opening and closing of the day into the agenda."""
    desks = {one.number: Desk(floor, one.number, one.groups) for one in day.counters}
    before: frozenset[int] = frozenset()
    for minute in range(0, DAY_MINUTES, SLOT_MINUTES):
        wall = time(minute // 60, minute % 60)
        now = frozenset(day.counters_open_at(wall))
        # Openings stand first: who leaves must see who takes over.
        for number in sorted(now - before):
            floor.agenda.at(floor.hall.at(wall), desks[number].open)
        for number in sorted(before - now):
            floor.agenda.at(floor.hall.at(wall), desks[number].leave)
        before = now
    for number in sorted(before):
        floor.agenda.at(floor.hall.at(time(23, 59)), desks[number].leave)
