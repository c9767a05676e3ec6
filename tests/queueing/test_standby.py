"""Standbys are let in before whoever comes later, as soon as there is room."""

from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import select

import queueing.standby
from kernel.audit import AuditEntry
from kernel.outbox import OutboxEvent
from queueing.admission import admit, standbys_that_fit
from queueing.capacity import Capacity, Opening
from queueing.close_day import close_day
from queueing.doctor import check
from queueing.errors import WalkInsStopped
from queueing.forecast_models import WalkInRefusal
from queueing.issue import IssueTicket, issue
from queueing.models import Line, Ticket
from queueing.outlook import outlook
from queueing.promise import Load
from queueing.serve import abandon
from queueing.standby import after_refusal, look_again, promote_today
from tests.build import at
from tests.queueing.hall_day import KIOSK, open_hall
from tests.queueing.test_races import at_once

NOW = at("16:00")


def fill(day, now=NOW):
    """Take numbers until the line gives no more; they are in order."""
    taken = []
    while True:
        step = day.session.begin_nested()
        try:
            taken.append(day.take(now))
            step.commit()
        except WalkInsStopped:
            step.rollback()
            return taken


def leave(day, tickets):
    for ticket in tickets:
        if ticket.state == "waiting":
            abandon(day.session, ticket, actor=day.officers[0], now=NOW)


@pytest.fixture
def full(session):
    """A line of one counter that gives no more numbers at four, and who took its numbers."""
    day = open_hall(session, planned=1)
    return day, fill(day)


def test_the_oldest_standby_is_let_in_before_a_newcomer(session, full):
    day, taken = full
    first, second = (day.take(at(clock), track="standby") for clock in ("16:01", "16:02"))
    leave(day, taken[:1])
    with pytest.raises(WalkInsStopped), session.begin_nested():
        day.take(at("16:03"))
    promote_today(session, day.hall.id, now=at("16:03"))
    assert (first.track, first.promised_at is not None) == ("walk_in", True)
    assert (second.track, second.promised_at) == ("standby", None)
    with pytest.raises(WalkInsStopped), session.begin_nested():
        day.take(at("16:04"))


def test_a_newcomer_is_admitted_behind_all_standbys(session, full):
    day, taken = full
    standbys = [day.take(at("16:01"), track="standby") for _ in range(2)]
    leave(day, taken)
    newcomer = day.take(at("16:02"))
    promises = [each.promised_at for each in (*standbys, newcomer)]
    assert promises == sorted(promises)
    assert [each.track for each in standbys] == ["walk_in"] * 2
    assert session.scalars(select(Line.last_promise_at)).one() == newcomer.promised_at


def test_a_promotion_is_told_audited_and_cannot_be_undone_by_a_step_before(session, full):
    day, taken = full
    standby = day.take(at("16:01"), track="standby")
    standby.step = {"action": "ticket.return_to_line", "before": {}}
    leave(day, taken)
    look_again(session, {"hall_id": day.hall.id}, now=at("16:05"))
    assert (standby.promoted_at, standby.step) == (at("16:05"), None)
    assert "StandbyPromoted" in session.scalars(select(OutboxEvent.name)).all()
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "ticket.promote")).one()
    assert (entry.subject_id, entry.actor_kind) == (standby.id, "system")


def test_what_is_told_before_a_number_is_taken_counts_standbys_ahead(session, full):
    day, taken = full
    for _ in range(2):
        day.take(at("16:01"), track="standby")
    leave(day, taken[:2])
    assert outlook(session, day.hall.id, day.a.id, now=at("16:02")).latest_at is None
    leave(day, taken)
    told = outlook(session, day.hall.id, day.a.id, now=at("16:02")).latest_at
    assert told == day.take(at("16:02")).promised_at


def test_a_closed_day_promotes_nobody(session, full):
    day, _ = full
    standby = day.take(at("16:01"), track="standby")
    promote_today(session, day.hall.id, now=at("17:30"))
    assert standby.track == "standby"
    close_day(session, day.hall.id, on_date=NOW.date(), now=at("23:00"))
    promote_today(session, day.hall.id, now=at("23:10"))
    assert (standby.track, standby.state) == ("standby", "abandoned")


def test_standbys_are_ahead_of_a_newcomer_and_let_in_one_by_one():
    capacity = Capacity([Opening(at("09:00"), at("17:00"), 1.0)])
    others = next(n for n in range(99) if not admit(capacity, Load(10, n), at("12:00")).admitted)
    for standby in range(5):
        load = Load(10, others - 3, standby=standby)
        assert admit(capacity, load, at("12:00")).admitted is (standby < 3)
        assert standbys_that_fit(capacity, load, at("12:00")) == min(3, standby)
        assert not admit(capacity, replace(load, waiting=others), at("12:00")).admitted


def test_what_a_refused_newcomer_let_in_stays_in_and_the_refusal_is_counted(session, full):
    day, taken = full
    standbys = [day.take(at(clock), track="standby") for clock in ("16:01", "16:02")]
    leave(day, taken[:1])
    with pytest.raises(WalkInsStopped) as stopped, session.begin_nested():
        day.take(at("16:03"), press_key="kiosk:1")
    assert [each.track for each in standbys] == ["standby"] * 2  # undone with the request
    after_refusal(session, stopped.value.refused, now=at("16:03"))
    assert [each.track for each in standbys] == ["walk_in", "standby"]
    assert session.query(WalkInRefusal).count() == 1
    with pytest.raises(WalkInsStopped) as again, session.begin_nested():
        day.take(at("16:04"))
    assert not again.value.refused.promoted  # nobody was let in: there is nothing to do over


@pytest.fixture
def committed(database):
    """The same, committed: three standbys, and room for two."""
    with database.transaction() as session:
        day = open_hall(session, planned=1)
        taken = fill(day)
        for _ in range(3):
            day.take(at("16:01"), track="standby")
        leave(day, taken[:2])
    return day


def race(database, day):
    """A look at the standbys and two newcomers, at once."""

    def act(session, index):
        if index == 0:
            promote_today(session, day.hall.id, now=at("16:05"))
            return None
        return issue(session, IssueTicket(day.hall.id, day.a.id), actor=KIOSK, now=at("16:05")).id

    return at_once(database, 3, act)


def test_a_promotion_and_newcomers_at_once_let_standbys_in_once_and_first(database, committed):
    for _ in range(3):
        answers = race(database, committed)
        assert answers[0] is None
        assert all(isinstance(each, WalkInsStopped) for each in answers[1:])
    with database.transaction() as session:
        tracks = session.scalars(
            select(Ticket.track).where(Ticket.issued_at == at("16:01")).order_by(Ticket.id)
        )
        assert tracks.all() == ["walk_in", "walk_in", "standby"]
        entries = session.scalars(select(AuditEntry.subject_id).where(AuditEntry.action == "ticket.promote"))
        assert len(entries.all()) == 2
        assert check(session) == []


def test_two_looks_at_once_promote_each_standby_once(database, committed, monkeypatch):
    meeting = Barrier(2)
    real = queueing.standby.open_line

    def together(*arguments, **values):
        meeting.wait(30)
        return real(*arguments, **values)

    monkeypatch.setattr(queueing.standby, "open_line", together)
    look = lambda session, _: promote_today(session, committed.hall.id, now=at("16:05"))  # noqa: E731
    assert at_once(database, 2, look) == [None, None]
    with database.transaction() as session:
        promoted = session.scalars(select(Ticket.promised_at).where(Ticket.promoted_at.is_not(None))).all()
        entries = session.scalars(select(AuditEntry.subject_id).where(AuditEntry.action == "ticket.promote"))
        assert len(promoted) == len(entries.all()) == 2


def refuse(database, day, now="16:05"):
    """A newcomer as the edge takes one: the refusal undoes its transaction, and what follows has its own."""
    try:
        with database.transaction() as session:
            return issue(session, IssueTicket(day.hall.id, day.a.id), actor=KIOSK, now=at(now)).id
    except WalkInsStopped as stopped:
        with database.transaction() as session:
            after_refusal(session, stopped.refused, now=at(now))
        return None


def test_refused_newcomers_at_once_let_each_standby_in_once_and_no_newcomer_past_them(database, committed):
    """Nobody else looks: what sticks was done by those who were refused."""
    assert at_once(database, 6, lambda _session, _index: refuse(database, committed)) == [None] * 6
    with database.transaction() as session:
        rows = session.execute(
            select(Ticket.track, Ticket.promised_at)
            .where(Ticket.issued_at == at("16:01"))
            .order_by(Ticket.id)
        ).all()
        assert [track for track, _promised in rows] == ["walk_in", "walk_in", "standby"]
        assert rows[0].promised_at <= rows[1].promised_at
        entries = session.scalars(select(AuditEntry.subject_id).where(AuditEntry.action == "ticket.promote"))
        assert len(entries.all()) == 2
        assert session.query(WalkInRefusal).count() == 6
        assert check(session) == []
