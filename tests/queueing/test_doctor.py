"""Each rule is shown to see what it looks for: a doctor who is always content checks nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from kernel.outbox import emit
from queueing import day_report, events, serve
from queueing.doctor import check
from tests.build import TODAY, at
from tests.queueing.hall_day import open_hall


@pytest.fixture
def day(session):
    """Three tickets: the first completed, the second called."""
    day = open_hall(session)
    for _ in range(3):
        day.take(at("09:00"))
    ticket = day.call(at("09:05"))
    serve.start_serving(session, ticket, actor=day.officers[0], now=at("09:06"))
    serve.complete(session, ticket, actor=day.officers[0], now=at("09:16"))
    day.call(at("09:17"))
    session.flush()
    return day


_FACTS = "hall_id, group_id, on_date, ticket_id, track, was_return, reason, called_at, last_called_at"
_COPY_A_CALL = f"INSERT INTO call (counter_id, {_FACTS}) SELECT counter_id + 1, {_FACTS} FROM call LIMIT 1"  # noqa: S608  # our own names


def rules(session):
    return {violation.rule for violation in check(session)}


def test_a_sound_day_has_nothing_to_say(session, day):
    assert check(session) == []


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        ("UPDATE ticket SET ordinal = 9 WHERE label = 'A003'", "ticket_numbers_with_gaps"),
        ("UPDATE ticket SET label = 'A002' WHERE label = 'A003'", "ticket_numbers_with_gaps"),
        ("UPDATE line SET last_ordinal = 4", "ticket_numbers_with_gaps"),
        ("UPDATE ticket SET state = 'serving' WHERE label = 'A002'", "ticket_state_untold"),
        ("DELETE FROM audit_entry WHERE to_state = 'serving'", "ticket_state_skipped"),
        (
            "UPDATE audit_entry SET to_state = 'completed' WHERE to_state = 'called'",
            "ticket_step_not_allowed",
        ),
        ("DELETE FROM audit_entry WHERE subject_kind = 'ticket'", "ticket_state_untold"),
        (
            _COPY_A_CALL,
            "ticket_called_by_two_counters",
        ),
        ("UPDATE ticket SET counter_id = NULL WHERE state = 'called'", "counter_with_two_tickets"),
        (
            "UPDATE ticket SET started_at = called_at - interval '1 min' WHERE state = 'completed'",
            "ticket_times_out_of_order",
        ),
    ],
)
def test_sees_the_damage(session, day, damage, rule):
    session.execute(text(damage))
    assert rule in rules(session)


def test_sees_a_visit_that_was_told_twice(session, day):
    emit(session, events.VisitCompleted(1, day.hall.id, day.a.id), now=at("09:20"))
    emit(session, events.VisitCompleted(1, day.hall.id, day.a.id), now=at("09:20"))
    assert "visit_completed_twice" in rules(session)


def test_names_rows_by_their_ids_only(session, day):
    session.execute(text("UPDATE line SET last_ordinal = 4"))
    found = [violation for violation in check(session) if violation.rule == "ticket_numbers_with_gaps"]
    assert [str(each) for each in found] == [
        f"ticket_numbers_with_gaps: group {day.a.id} on 2026-03-02 (3 tickets, 3 labels, up to 3)"
    ]


def test_sees_who_was_left_in_a_line_overnight(session, day):
    day_report.keep(session, day.hall.id, on_date=TODAY, ended={}, counters_closed=0, now=at("23:00"))
    assert check(session) == []  # may have come after the close: the next one ends it
    tomorrow = TODAY + timedelta(days=1)
    day_report.keep(session, day.hall.id, on_date=tomorrow, ended={}, counters_closed=0, now=at("23:00"))
    found = [each for each in check(session) if each.rule == "ticket_never_ended"]
    assert [each.detail for each in found] == ["of 2026-03-02"] * 2
