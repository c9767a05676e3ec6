"""What is done beside a ticket's walk, in any order with it: corrections, silence, papers owed, tasks."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from kernel.outbox import OutboxEvent
from queueing import back_tasks, owed, serve
from queueing.after_models import BackTask, OwedPaper
from queueing.parked import list_parked
from queueing.services_done import correct_services
from queueing.silence import set_silent
from queueing.task_states import TaskState
from tests import build
from tests.build import TODAY
from tests.queueing.any_order import DUTY, LAG, OFFICER, RECENT
from tests.queueing.test_any_order import AnyOrder
from tests.ticket_drawing import tasks_drawing
from tests.ticket_model import ENDS, Card

STEPS = tasks_drawing()
TASKS = sorted({after for steps in STEPS.values() for after in steps})
OWN = st.sampled_from([True, True, True, False])
#: Empty: what the ticket is for.
SERVICE = st.sampled_from(["", "", "", "", "A", "x"])
#: Days from today on which something left of a visit may be due; None: the usual day.
DUE = st.sampled_from([None, None, None, None, 1, 90, 0, 91])
NEW_STEPS = ("ticket.correct_services", "ticket.set_silent", "paper.", "task.")


@dataclass
class Left:
    """A paper owed, or a task, of a ticket; `what` is its service, and the paper."""

    ticket: int
    what: tuple[str, ...]
    state: str


class WithWhatIsLeft(AnyOrder):
    """Services are corrected, papers owed, tasks opened and moved; numbers are called in silence."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.services["x"] = build.make_service(session, self.groups["A"]).id
        self.silent: dict[int, bool] = {}
        self.papers: dict[int, Left] = {}
        self.tasks: dict[int, Left] = {}
        self.ready = 0
        self.audited: Counter[tuple[str, str, int, int | None]] = Counter()

    @initialize()
    def somebody_is_served_at_two_counters(self) -> None:
        for counter, line in enumerate("AB"):
            self.take_a_number(line, "walk_in")
            self.serve_at(counter)

    @rule(counter=st.integers(0, 2))
    def serve_somebody_more(self, counter: int) -> None:
        """What happens most of the time."""
        self.take_a_number(self.model.seats[counter].lines[0], "walk_in")
        self.serve_at(counter)

    def serve_at(self, counter: int) -> None:
        """Who sits there calls and starts, unless the counter is not free."""
        self.sit_down(counter, counter, own=True)
        self.call_next(counter, counter, own=True)
        card, officer = self.model.at(counter), self.model.seats[counter].officer
        if card is None or card.state != "called" or officer is None:
            return
        with self.expecting(success=True) as now:
            ticket = self.ticket(self.model.cards.index(card))
            serve.start_serving(self.session, ticket, actor=self.officers[officer], now=now)
            card.start()

    def teardown(self) -> None:
        try:
            self.close_the_day()
            self.what_is_left_of_visits_is_as_in_the_model()
            self.the_audit_knows_who_did_it()
            told = select(OutboxEvent).where(OutboxEvent.name == "ResultReady")
            assert len(self.session.scalars(told).all()) == self.ready
        finally:
            super().teardown()

    def note(self, action: str, kind: str, row: int, officer: int) -> None:
        """A step that the audit must know, once, with who did it."""
        self.audited[action, kind, row, self.staff[officer]] += 1

    # -- at the counter -----------------------------------------------------------------------------------

    def service_of(self, card: Card, named: str) -> str:
        return named or (*card.services, "x")[0]

    def at_work(self, choice: int, officer: int, *, own: bool) -> tuple[int, Card, int, bool]:
        """Mostly a ticket that is served and its officer, and whether this one may work on it now."""
        served = [at_ for at_, card in enumerate(self.model.cards) if card.state == "serving"]
        at_ = served[-1 - choice % len(served)] if served and choice < 3 else self.some(choice)
        card = self.model.cards[at_]
        seated = None if card.counter is None else self.model.seats[card.counter].officer
        officer = seated if own and seated is not None else officer
        return at_, card, officer, card.state == "serving" and self.model.may_act(card, officer, DUTY)

    @precondition(lambda self: self.model.cards)
    @rule(
        choice=RECENT,
        officer=OFFICER,
        own=OWN,
        lag=LAG,
        wanted=st.lists(st.sampled_from("ABCx"), max_size=3),
    )
    def correct_services(self, choice: int, officer: int, lag: int, wanted: list[str], *, own: bool) -> None:
        self.lag = timedelta(seconds=lag)
        at_, card, officer, may = self.at_work(choice, officer, own=own)
        with self.expecting(success=may and bool(wanted)) as now:
            ids = [self.services[key] for key in wanted]
            actor = self.officers[officer]
            correct_services(self.session, self.ticket(at_), service_ids=ids, actor=actor, now=now)
            after = tuple(dict.fromkeys(wanted))
            if after != card.services:
                card.services, card.step = after, None
                self.note("ticket.correct_services", "ticket", self.rows[at_], officer)

    @precondition(lambda self: self.model.cards)
    @rule(choice=RECENT, officer=OFFICER, silent=st.booleans(), lag=LAG)
    def set_silent(self, choice: int, officer: int, lag: int, *, silent: bool) -> None:
        """By whoever works in the hall; also while the ticket is at somebody else's counter."""
        self.lag = timedelta(seconds=lag)
        at_ = self.some(choice)
        with self.expecting(success=self.model.cards[at_].state not in ENDS) as now:
            set_silent(self.session, self.ticket(at_), silent=silent, actor=self.officers[officer], now=now)
            if self.silent.get(at_, False) != silent:
                self.silent[at_] = silent
                self.note("ticket.set_silent", "ticket", self.rows[at_], officer)

    @precondition(lambda self: any(card.state == "parked" for card in self.model.cards))
    @rule(counter=st.integers(0, 2))
    def look_at_who_was_put_aside(self, counter: int) -> None:
        """A counter's own first, then those of closed counters in its lines; nobody is ever out of sight."""
        own, left = set(), set()
        for at_, card in enumerate(self.model.cards):
            if card.state == "parked" and card.counter is not None:
                closed = self.model.seats[card.counter].officer is None
                if card.counter == counter:
                    own.add(self.rows[at_])
                elif closed and card.line in self.model.seats[counter].lines:
                    left.add(self.rows[at_])
        self.session.expire_all()
        seen = [each.ticket.id for each in list_parked(self.session, self.counters[counter], now=self.now)]
        assert (set(seen[: len(own)]), set(seen[len(own) :])) == (own, left)

    # -- after the counter --------------------------------------------------------------------------------

    @precondition(lambda self: any(card.state == "serving" for card in self.model.cards))
    @rule(
        choice=RECENT,
        officer=OFFICER,
        own=OWN,
        lag=LAG,
        service=SERVICE,
        paper=st.sampled_from(["household", "household", "household", "photo", "pigeon"]),
        due=DUE,
    )
    def owe_a_paper(
        self, choice: int, officer: int, lag: int, *, service: str, paper: str, due: int | None, own: bool
    ) -> None:
        """One that may come later, or any by the duty officer. The same again is the same."""
        self.lag = timedelta(seconds=lag)
        at_, card, officer, may = self.at_work(choice, officer, own=own)
        service = self.service_of(card, service)
        known = service in card.services and service != "x" and paper != "pigeon"
        allowed = paper == "household" or officer == DUTY
        with self.expecting(success=may and known and allowed and fits(due)) as now:
            made = owed.accept_without(
                self.session,
                self.ticket(at_),
                service_id=self.services[service],
                material=paper,
                due_on=day(due),
                actor=self.officers[officer],
                now=now,
            )
            self._left(self.papers, made.id, Left(at_, (service, paper), "owed"), "paper.owe", officer)

    @precondition(lambda self: any(card.state == "serving" for card in self.model.cards))
    @rule(
        choice=RECENT,
        officer=OFFICER,
        own=OWN,
        lag=LAG,
        service=SERVICE,
        due=DUE,
        place=st.sampled_from(["", "", "3", "张三"]),
    )
    def open_a_task(
        self, choice: int, officer: int, lag: int, *, service: str, due: int | None, place: str, own: bool
    ) -> None:
        """Once per service of a visit; handed out in a room, never in somebody's name."""
        self.lag = timedelta(seconds=lag)
        at_, card, officer, may = self.at_work(choice, officer, own=own)
        service = self.service_of(card, service)
        works = may and service in card.services and fits(due) and place != "张三"
        with self.expecting(success=works) as now:
            task = back_tasks.open_task(
                self.session,
                self.ticket(at_),
                service_id=self.services[service],
                due_on=day(due),
                place=place,
                actor=self.officers[officer],
                now=now,
            )
            self._left(self.tasks, task.id, Left(at_, (service,), "taken"), "task.open", officer)

    def _left(self, kept: dict[int, Left], row: int, left: Left, action: str, officer: int) -> None:
        """New, or what was noted before; what is new ends the ten seconds of an undo."""
        same = [id_ for id_, each in kept.items() if (each.ticket, each.what) == (left.ticket, left.what)]
        if row in kept:
            assert row in same
            return
        if kept is self.papers:
            same = [id_ for id_ in same if kept[id_].state == "owed"]
        assert same == []
        kept[row] = left
        self.model.cards[left.ticket].step = None
        self.note(action, "owed_paper" if kept is self.papers else "back_task", row, officer)

    @precondition(lambda self: self.papers)
    @rule(choice=RECENT, officer=OFFICER, lag=LAG, waived=st.booleans())
    def settle_a_paper(self, choice: int, officer: int, lag: int, *, waived: bool) -> None:
        self.lag = timedelta(seconds=lag)
        row = sorted(self.papers)[-1 - choice % len(self.papers)]
        left = self.papers[row]
        with self.expecting(success=left.state == "owed") as now:
            owed.settle(self.session, row, actor=self.officers[officer], now=now, waived=waived)
            left.state = "waived" if waived else "settled"
            self.note("paper.settle", "owed_paper", row, officer)

    @precondition(lambda self: self.tasks)
    @rule(choice=RECENT, officer=OFFICER, lag=LAG, to=st.sampled_from(TASKS))
    def move_a_task(self, choice: int, officer: int, lag: int, to: str) -> None:
        """Only as drawn; a result that was not ready after all may be ready again."""
        self.lag = timedelta(seconds=lag)
        row = sorted(self.tasks)[-1 - choice % len(self.tasks)]
        left = self.tasks[row]
        with self.expecting(success=to in STEPS.get(left.state, ())) as now:
            task, actor = self.session.get_one(BackTask, row), self.officers[officer]
            back_tasks.move_task(self.session, task, TaskState(to), actor=actor, now=now)
            left.state = to
            self.ready += to == "ready"
            self.note("task.move", "back_task", row, officer)

    # -- what always holds --------------------------------------------------------------------------------

    @invariant()
    def what_is_left_of_visits_is_as_in_the_model(self) -> None:
        """No paper and no task is ever lost, whatever becomes of the ticket."""
        keys = {service_id: key for key, service_id in self.services.items()}
        for kind, kept in ((OwedPaper, self.papers), (BackTask, self.tasks)):
            rows: list[Any] = list(self.session.scalars(select(kind).order_by(kind.id)))
            seen = {row.id: Left(self.rows.index(row.ticket_id), _what(row, keys), row.state) for row in rows}
            assert seen == kept
            assert all(row.due_on > TODAY for row in rows)
            for row in rows:
                times = [
                    getattr(row, name, None) for name in ("created_at", "worked_at", "ready_at", "ended_at")
                ]
                known = [each for each in times if each is not None]
                assert known == sorted(known)
        listed = {task.id for task in back_tasks.list_tasks(self.session, self.hall.id)}
        assert listed == {row for row, left in self.tasks.items() if STEPS.get(left.state)}
        waiting = {paper.id for paper in owed.list_owed(self.session, self.hall.id)}
        assert waiting == {row for row, left in self.papers.items() if left.state == "owed"}

    @invariant()
    def silence_stays_as_it_was_asked_for(self) -> None:
        assert [ticket.silent for ticket in self.tickets()] == [
            self.silent.get(at_, False) for at_ in range(len(self.rows))
        ]

    def the_audit_knows_who_did_it(self) -> None:
        known = Counter(
            (entry.action, entry.subject_kind, entry.subject_id, entry.actor_id)
            for entry in self.session.scalars(select(AuditEntry))
            if entry.action.startswith(NEW_STEPS) or entry.action == "appointment.make_by_staff"
        )
        assert known == self.audited


def fits(due: int | None) -> bool:
    return due is None or 0 < due <= 90


def day(due: int | None) -> date | None:
    return None if due is None else TODAY + timedelta(days=due)


def _what(row: Any, keys: dict[int, str]) -> tuple[str, ...]:
    service = keys[row.service_id]
    return (service, row.material) if isinstance(row, OwedPaper) else (service,)
