from datetime import timedelta

import pytest
from sqlalchemy import select

from halls.queries import get_group_by_code
from kernel.audit import AuditEntry
from kernel.errors import Forbidden
from kernel.outbox import OutboxEvent
from queueing import serve
from queueing.contact import set_phone
from queueing.doctor import check
from queueing.errors import CounterBusy, NotYourCounter, SameLine, TakeNewNumber, TicketMoved
from queueing.models import Call
from queueing.parked import list_parked
from queueing.queries import current_ticket, list_missed
from tests import build
from tests.build import at
from tests.queueing.hall_day import officer_of, open_hall


def names(session):
    return list(session.scalars(select(OutboxEvent.name).order_by(OutboxEvent.id)))


def go(day, verb, ticket, now, counter=0, **values):
    return verb(day.session, ticket, actor=day.officers[counter], now=now, **values)


def called(session, **values):
    day = open_hall(session, **values)
    day.take(at("09:00"))
    return day, day.call(at("09:05"))


def test_a_visit_from_call_to_completion(session):
    day, ticket = called(session)
    go(day, serve.start_serving, ticket, at("09:06"))
    assert (ticket.state, ticket.started_at) == ("serving", at("09:06"))
    go(day, serve.complete, ticket, at("09:16"))
    assert (ticket.state, ticket.ended_at, ticket.staff_id) == ("completed", at("09:16"), day.officers[0].id)
    assert names(session)[-3:] == ["TicketCalled", "ServiceStarted", "VisitCompleted"]
    assert current_ticket(session, day.counters[0].id) is None
    assert check(session) == []


def test_every_step_is_in_the_audit_with_its_states(session):
    day, ticket = called(session)
    go(day, serve.start_serving, ticket, at("09:06"))
    go(day, serve.complete, ticket, at("09:16"))
    entries = session.scalars(
        select(AuditEntry).where(AuditEntry.subject_kind == "ticket").order_by(AuditEntry.id)
    )
    steps = [(entry.from_state, entry.to_state) for entry in entries]
    assert steps == [
        (None, "waiting"),
        ("waiting", "called"),
        ("called", "serving"),
        ("serving", "completed"),
    ]


@pytest.mark.parametrize(
    "verb", [serve.complete, serve.park, serve.resume, serve.return_to_line, serve.reinstate]
)
def test_refuses_what_does_not_follow_from_being_called(session, verb):
    day, ticket = called(session)
    with pytest.raises(TicketMoved) as refusal:
        go(day, verb, ticket, at("09:06"))
    assert "已叫号" in refusal.value.sentence("zh")
    assert refusal.value.params["label"] == "A001"
    assert ticket.state == "called"


def test_completes_only_once(session):
    day, ticket = called(session)
    go(day, serve.start_serving, ticket, at("09:06"))
    go(day, serve.complete, ticket, at("09:16"))
    with pytest.raises(TicketMoved):
        go(day, serve.complete, ticket, at("09:17"))
    assert names(session).count("VisitCompleted") == 1


def test_a_recall_is_announced_again(session):
    day, ticket = called(session)
    go(day, serve.recall, ticket, at("09:06"))
    call = session.scalars(select(Call)).one()
    assert (call.called_at, call.last_called_at, ticket.recalls) == (at("09:05"), at("09:06"), 1)
    assert names(session)[-1] == "TicketRecalled"
    go(day, serve.start_serving, ticket, at("09:07"))
    with pytest.raises(TicketMoved):
        go(day, serve.recall, ticket, at("09:08"))
    assert check(session) == []


def test_who_missed_the_call_frees_the_counter_and_may_come_back_once(session):
    day, ticket = called(session)
    for _ in range(8):
        day.take(at("09:05"))
    go(day, serve.mark_absent, ticket, at("09:08"))
    assert list_missed(session, day.hall.id, now=at("09:09")) == [ticket]
    other = day.call(at("09:09"))
    go(day, serve.reinstate, ticket, at("09:20"))
    assert (ticket.state, ticket.reinsert_after_call, ticket.counter_id) == ("waiting", 2 + 3, None)
    for now in (at("09:21"), at("09:22"), at("09:23")):
        go(day, serve.start_serving, other, now)
        go(day, serve.complete, other, now)
        other = day.call(now)
        assert other.id != ticket.id
    go(day, serve.mark_absent, other, at("09:24"))
    assert day.call(at("09:25")).id == ticket.id  # its key was the smallest all the time
    go(day, serve.mark_absent, ticket, at("09:28"))
    with pytest.raises(TakeNewNumber):
        go(day, serve.reinstate, ticket, at("09:29"))
    assert check(session) == []


def test_a_walk_in_who_is_back_too_late_takes_a_new_number(session):
    day, ticket = called(session)
    go(day, serve.mark_absent, ticket, at("09:08"))
    with pytest.raises(TakeNewNumber):
        go(day, serve.reinstate, ticket, at("09:39"))
    assert ticket.state == "absent"


def test_a_booked_person_who_is_back_too_late_counts_as_late(session):
    day = open_hall(session)
    slot_at = at("09:00")
    build.make_ticket(session, day.a, 1, track="booked", due_at=slot_at, slot_starts_at=slot_at)
    ticket = day.call(at("09:05"))
    go(day, serve.mark_absent, ticket, at("09:08"))
    go(day, serve.reinstate, ticket, at("10:00"))
    assert (ticket.late, ticket.due_at, ticket.reinsert_after_call) == (True, at("10:15"), None)


def test_a_call_taken_back_leaves_the_key_as_it_was(session):
    day, ticket = called(session)
    key = ticket.due_at
    go(day, serve.undo_call, ticket, at("09:06"))
    assert (ticket.state, ticket.due_at, ticket.counter_id) == ("waiting", key, None)
    assert day.call(at("09:07")).id == ticket.id
    assert check(session) == []


def test_a_parked_ticket_lets_others_pass_and_comes_back_to_the_counter(session):
    day, ticket = called(session)
    day.take(at("09:05"))
    go(day, serve.start_serving, ticket, at("09:06"))
    go(day, serve.park, ticket, at("09:07"))
    assert [each.ticket for each in list_parked(session, day.counters[0].id, now=at("09:08"))] == [ticket]
    other = day.call(at("09:08"))
    with pytest.raises(CounterBusy):
        go(day, serve.resume, ticket, at("09:09"))
    go(day, serve.start_serving, other, at("09:09"))
    go(day, serve.complete, other, at("09:10"))
    go(day, serve.resume, ticket, at("09:11"))
    assert (ticket.state, ticket.counter_id) == ("serving", day.counters[0].id)
    go(day, serve.complete, ticket, at("09:20"))
    assert check(session) == []


def test_a_parked_ticket_may_be_resumed_by_another_officer_at_the_own_counter(session):
    day, ticket = called(session, seats=2)
    go(day, serve.start_serving, ticket, at("09:06"))
    go(day, serve.park, ticket, at("09:07"))
    go(day, serve.resume, ticket, at("09:08"), counter=1)
    assert (ticket.counter_id, ticket.staff_id) == (day.counters[1].id, day.officers[1].id)


def test_who_returns_with_the_missing_paper_goes_first_at_one_call_in_three(session):
    day = open_hall(session)
    # Booked for the afternoon: until then only the privilege calls it while others wait.
    build.make_ticket(session, day.a, 900, track="booked", due_at=at("16:00"), slot_starts_at=at("16:00"))
    ticket = day.call(at("09:05"))
    later = [day.take(at("09:05")).label for _ in range(3)]
    go(day, serve.start_serving, ticket, at("09:06"))
    go(day, serve.park, ticket, at("09:07"))
    go(day, serve.return_to_line, ticket, at("09:08"))
    again = day.call(at("09:09"))
    assert again.id == ticket.id
    go(day, serve.start_serving, ticket, at("09:10"))
    assert ticket.returned_at is None
    go(day, serve.park, ticket, at("09:11"))
    go(day, serve.return_to_line, ticket, at("09:12"))
    order = []
    for _ in range(3):
        following = day.call(at("09:13"))
        order.append(following.label)
        go(day, serve.start_serving, following, at("09:13"))
        go(day, serve.complete, following, at("09:13"))
    assert order == [later[0], later[1], ticket.label]


def test_a_transfer_keeps_key_and_label_and_goes_first_in_the_other_line(session):
    day, ticket = called(session)
    key = ticket.due_at
    day.take(at("09:00"), day.b)  # B001
    at_b = day.seat(day.b, now=at("09:00"))
    go(day, serve.start_serving, ticket, at("09:06"))
    go(day, serve.transfer, ticket, at("09:08"), group_id=day.b.id)
    assert (ticket.state, ticket.group_id, ticket.label, ticket.due_at) == ("waiting", day.b.id, "A001", key)
    assert day.call(at("09:09"), at_b).id == ticket.id
    assert day.take(at("09:10"), day.b).label == "B002"
    assert day.take(at("09:10"), day.a).label == "A002"
    assert check(session) == []


def test_who_is_transferred_right_after_the_call_is_taken_as_having_come(session):
    day, ticket = called(session)
    go(day, serve.transfer, ticket, at("09:06"), group_id=day.b.id)
    assert names(session)[-2:] == ["ServiceStarted", "TicketTransferred"]
    assert check(session) == []


def test_a_transfer_leads_to_another_line_of_the_hall(session):
    day, ticket = called(session)
    with pytest.raises(SameLine):
        go(day, serve.transfer, ticket, at("09:06"), group_id=day.a.id)


def test_who_leaves_is_not_called(session):
    day = open_hall(session)
    ticket = day.take(at("09:00"))
    go(day, serve.abandon, ticket, at("09:01"))
    assert (ticket.state, ticket.ended_at) == ("abandoned", at("09:01"))
    assert day.call(at("09:02")) is None
    assert names(session)[-1] == "TicketAbandoned"
    assert check(session) == []


def test_staff_of_another_hall_do_not_touch_the_ticket(session):
    _, ticket = called(session)
    staff = build.make_staff(session)
    other = build.make_hall(session)
    stranger = officer_of(staff)
    elsewhere = type(stranger)(stranger.kind, stranger.id, stranger.permissions, frozenset({other.id}))
    for verb in (serve.start_serving, serve.recall, serve.mark_absent, serve.undo_call, serve.abandon):
        with pytest.raises(Forbidden):
            verb(session, ticket, actor=elsewhere, now=at("09:06"))


def to_b(session, ticket, *, actor, now):
    return serve.transfer(session, ticket, group_id=get_group_by_code(session, ticket.hall_id, "B").id,
                          actor=actor, now=now)  # fmt: skip


def ask_phone(session, ticket, *, actor, now):
    return set_phone(session, ticket, phone="13900139000", actor=actor, now=now)


@pytest.mark.parametrize(
    "verb",
    [serve.recall, serve.mark_absent, serve.start_serving, serve.undo_call, serve.abandon, to_b, ask_phone],
)
def test_who_is_called_is_a_matter_of_that_counter_and_of_the_duty_officer(session, verb):
    day, ticket = called(session, seats=2)
    with pytest.raises(NotYourCounter):
        go(day, verb, ticket, at("09:06"), counter=1)
    assert (ticket.state, ticket.recalls, ticket.phone_index) == ("called", 0, None)
    verb(session, ticket, actor=officer_of(build.make_staff(session), "duty_officer"), now=at("09:06"))


@pytest.mark.parametrize("verb", [serve.complete, serve.park, to_b, ask_phone])
def test_who_is_served_is_a_matter_of_that_counter(session, verb):
    day, ticket = called(session, seats=2)
    go(day, serve.start_serving, ticket, at("09:06"))
    with pytest.raises(NotYourCounter):
        go(day, verb, ticket, at("09:07"), counter=1)
    assert (ticket.state, ticket.staff_id) == ("serving", day.officers[0].id)
    go(day, verb, ticket, at("09:07"))


def test_who_served_stays_written_down_when_the_duty_officer_completes(session):
    day, ticket = called(session)
    go(day, serve.start_serving, ticket, at("09:06"))
    duty = officer_of(build.make_staff(session), "duty_officer")
    serve.complete(session, ticket, actor=duty, now=at("09:16"))
    assert (ticket.state, ticket.staff_id) == ("completed", day.officers[0].id)


def test_who_waits_or_was_put_aside_belongs_to_the_whole_hall(session):
    day, ticket = called(session, seats=2)
    go(day, serve.start_serving, ticket, at("09:06"))
    go(day, serve.park, ticket, at("09:07"))
    go(day, serve.return_to_line, ticket, at("09:08"), counter=1)
    go(day, serve.mark_absent, day.call(at("09:09")), at("09:10"))
    go(day, serve.reinstate, ticket, at("09:11"), counter=1)
    go(day, ask_phone, ticket, at("09:12"), counter=1)
    go(day, serve.abandon, ticket, at("09:12"), counter=1)
    assert ticket.state == "abandoned"


def test_events_name_the_hall_and_the_ticket_for_live_pages(session):
    day, ticket = called(session)
    told = session.scalars(select(OutboxEvent).where(OutboxEvent.name == "TicketCalled")).one()
    assert told.payload["topics"] == [f"hall:{day.hall.id}", f"ticket:{ticket.id}"]
    assert told.occurred_at - at("09:05") == timedelta(0)
