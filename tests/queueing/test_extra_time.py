"""Before walk-ins are refused, the duty officer is asked; what is agreed to counts for everybody at once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel.audit import AuditEntry
from kernel.outbox import OutboxEvent
from queueing.errors import ExtraTimeLarger, ExtraTimeOver, ExtraTimeUnknown, WalkInsStopped
from queueing.extra_time import decide, forecast_walk_ins, list_extra, propose_today
from queueing.forecast_models import ExtraTime
from queueing.staffing import capacity_of
from queueing.today import today_of
from tests import build
from tests.build import at
from tests.queueing.hall_day import officer_of, open_hall

MINUTE = timedelta(minutes=1)


@pytest.fixture
def full(session):
    """One counter from nine to five, two that could be opened, and forty people in line at two."""
    day = open_hall(session, planned=1)
    for _ in range(2):
        build.make_counter(session, day.hall, [day.a])
    for _ in range(40):
        build.make_ticket(session, day.a)
    return day


def duty_of(day):
    return officer_of(build.make_staff(day.session, roles=("duty_officer",)), "duty_officer")


def closes(day, clock):
    today = today_of(day.session, day.hall.id, now=at(clock))
    return capacity_of(day.session, today, day.a.id, now=at(clock))


def test_counters_and_a_longer_day_are_proposed_once_while_few_more_can_be_admitted(session, full):
    more, longer = propose_today(session, full.hall.id, now=at("14:00"))
    assert (more.kind, more.counters, more.state) == ("flex", 2, "open")
    assert (more.starts_at, more.ends_at) == (at("14:10"), at("17:00"))
    assert (longer.kind, longer.counters, longer.starts_at) == ("extension", 1, at("17:00"))
    assert longer.ends_at == at("17:30")
    assert propose_today(session, full.hall.id, now=at("14:35")) == []
    names = session.scalars(select(OutboxEvent.name)).all()
    assert names.count("ExtraTimeProposed") == 2


def test_what_is_agreed_to_counts_at_once_and_is_audited(session, full):
    with pytest.raises(WalkInsStopped):
        full.take(at("14:00"))
    before = closes(full, "14:00").between(at("14:00"), at("18:00"))
    officer = duty_of(full)
    for extra in propose_today(session, full.hall.id, now=at("14:00")):
        decide(session, extra.id, hall_id=full.hall.id, accept=True, actor=officer, now=at("14:05"))
    kinds = {each.kind: each for each in list_extra(session, full.hall.id, on_date=at("14:00").date())}
    assert kinds["flex"].starts_at == at("14:15")
    gained = closes(full, "14:05").between(at("14:00"), at("18:00")) - before
    extension = kinds.get("extension")
    longer = extension.counters * 30 if extension else 0
    assert gained == pytest.approx(2 * 165 + longer, abs=1)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "extra_time.accept")).first()
    assert entry.actor_id == officer.id


def test_once_it_had_time_to_open_a_counter_counts_only_where_somebody_sits(session, full):
    (flex,) = [each for each in propose_today(session, full.hall.id, now=at("14:00")) if each.kind == "flex"]
    decide(session, flex.id, hall_id=full.hall.id, accept=True, actor=duty_of(full), now=at("14:00"))
    assert closes(full, "14:12").counters_at(at("14:12")) == 3
    assert closes(full, "14:25").counters_at(at("14:25")) == 1
    assert closes(full, "14:25").counters_at(at("14:35")) == 1
    for _ in range(2):
        full.seat(full.a, now=at("14:26"))
    assert closes(full, "14:27").counters_at(at("14:35")) == 3


def test_no_is_no_for_an_hour_and_a_decision_is_made_once(session, full):
    officer = duty_of(full)
    made = propose_today(session, full.hall.id, now=at("13:00"))
    for extra in made:
        decide(session, extra.id, hall_id=full.hall.id, accept=False, actor=officer, now=at("13:01"))
    with pytest.raises(ExtraTimeOver):
        decide(session, made[0].id, hall_id=full.hall.id, accept=True, actor=officer, now=at("13:02"))
    assert propose_today(session, full.hall.id, now=at("13:30")) == []
    assert propose_today(session, full.hall.id, now=at("14:05"))


def test_a_proposal_that_is_not_needed_any_more_lapses(session, full):
    made = propose_today(session, full.hall.id, now=at("14:00"))
    for ticket in session.query(build.Ticket).all():
        ticket.state = "abandoned"
    session.flush()
    assert propose_today(session, full.hall.id, now=at("14:10")) == []
    session.expire_all()
    assert {each.state for each in made} == {"lapsed"}


def test_an_open_proposal_is_enlarged_when_more_is_needed(session):
    day = open_hall(session, planned=1)
    for _ in range(2):
        build.make_counter(session, day.hall, [day.a])
    for _ in range(23):
        build.make_ticket(session, day.a)
    (asked, *_) = propose_today(session, day.hall.id, now=at("13:00"))
    assert (asked.kind, asked.counters) == ("flex", 1)
    for _ in range(25):
        build.make_ticket(session, day.a)
    again = propose_today(session, day.hall.id, now=at("13:05"))
    assert [each.kind for each in again if each.kind == "flex"] == []
    assert (asked.counters, asked.state) == (2, "open")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "extra_time.enlarge")).one()
    assert (entry.subject_id, entry.details["before"], entry.details["counters"]) == (asked.id, 1, 2)
    officer, facts = duty_of(day), {"hall_id": day.hall.id, "accept": True, "now": at("13:06")}
    with pytest.raises(ExtraTimeLarger):
        decide(session, asked.id, actor=officer, counters=1, **facts)
    decide(session, asked.id, actor=officer, counters=2, **facts)
    propose_today(session, day.hall.id, now=at("13:10"))
    assert (asked.counters, asked.state) == (2, "accepted")


def test_proposals_belong_to_their_hall(session, full):
    (first, *_) = propose_today(session, full.hall.id, now=at("14:00"))
    other = build.make_hall(session)
    with pytest.raises(ExtraTimeUnknown):
        decide(session, first.id, hall_id=other.id, accept=True, actor=duty_of(full), now=at("14:01"))


def test_a_quiet_day_asks_nobody_anything(session):
    day = open_hall(session)
    assert propose_today(session, day.hall.id, now=at("10:00")) == []
    assert session.query(ExtraTime).count() == 0


def test_the_forecast_is_who_still_came_on_other_days(session):
    day = open_hall(session)
    for back, clock in ((1, "10:00"), (1, "15:00"), (2, "15:30"), (2, "16:00"), (40, "15:00")):
        ticket = build.make_ticket(session, day.a)
        ticket.issued_group_id = day.a.id
        ticket.on_date = build.TODAY - timedelta(days=back)
        ticket.issued_at = at(clock) - timedelta(days=back)
    session.flush()
    today = today_of(session, day.hall.id, now=at("14:00"))
    usual = forecast_walk_ins(session, today, day.a.id, now=at("14:00"))
    assert usual == pytest.approx(1.5 * 15 / 15.5)  # and nobody has come today
    for _ in range(30):
        day.take(at("13:00"))
    assert forecast_walk_ins(session, today, day.a.id, now=at("14:00")) == 3.0
