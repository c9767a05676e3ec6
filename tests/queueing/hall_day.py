"""A small hall at work, for tests: groups A and B, counters with officers sitting at them."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from halls.models import Counter, Hall, ServiceGroup
from kernel.actor import Actor
from people.models import Staff
from people.permissions import permissions_of
from queueing.call_next import call_next
from queueing.counters import open_counter
from queueing.issue import IssueTicket, issue
from queueing.models import Ticket
from tests import build

KIOSK = Actor("device", 1, frozenset({"ticket.issue", "checkin.do"}))
PAPERS = [
    {"code": "household", "name_zh": "户口簿", "name_en": "Household register", "deferrable": True},
    {"code": "photo", "name_zh": "照片", "name_en": "Photo"},
]


def officer_of(staff: Staff, *roles: str) -> Actor:
    return Actor("staff", staff.id, permissions_of(roles or ("officer",)))


@dataclass
class HallDay:
    session: Session
    hall: Hall
    a: ServiceGroup
    b: ServiceGroup
    counters: list[Counter] = field(default_factory=list)
    officers: list[Actor] = field(default_factory=list)

    def seat(self, *groups: ServiceGroup, now: datetime) -> int:
        """Open one more counter for these groups; its index here."""
        self.counters.append(build.make_counter(self.session, self.hall, groups))
        self.officers.append(officer_of(build.make_staff(self.session)))
        open_counter(self.session, self.counters[-1].id, actor=self.officers[-1], now=now)
        return len(self.counters) - 1

    def take(self, at: datetime, group: ServiceGroup | None = None, **values: object) -> Ticket:
        command = IssueTicket(self.hall.id, (group or self.a).id, **values)
        return issue(self.session, command, actor=KIOSK, now=at)

    def call(self, at: datetime, counter: int = 0, **values: object) -> Ticket | None:
        return call_next(
            self.session, self.counters[counter].id, actor=self.officers[counter], now=at, **values
        )


def open_hall(session: Session, *, planned: float = 2, seats: int = 1) -> HallDay:
    """Groups A and B are planned from 9 to 17 with `planned` counters; `seats` officers sit at A from 9."""
    hall = build.make_hall(session)
    day = HallDay(session, hall, build.make_group(session, hall), build.make_group(session, hall, "B"))
    for group in (day.a, day.b):
        build.make_plan(session, group, counters=planned)
    for _ in range(seats):
        day.seat(day.a, now=build.at("09:00"))
    return day
