"""From an event to what people get: the whole way through outbox, handlers, messages and gateway."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from booking.cancel import cancel
from booking.change_reasons import because
from booking.events import AppointmentBooked, AppointmentCancelled, AppointmentRescheduled
from booking.models import Appointment
from booking.undo_cancel import end_undos, undo_cancel
from feedback.models import FollowUpCase, Rating, Survey
from feedback.queries import find_rating, find_survey_of_ticket
from halls.models import Hall
from kernel import outbox
from kernel.actor import ANONYMOUS
from kernel.clock import real_now
from kernel.crypto import cipher
from notifications import doctor as message_doctor
from notifications import simulator
from notifications.models import Message, OptOut
from notifications.states import MessageState
from people.phone_codes import code_of, request_code
from queueing.counters import open_counter
from queueing.events import TicketCalled, TicketMissed, TicketPassedOn, VisitCompleted
from runtime.doctor import check_events
from runtime.drain import drain
from tests.build import (
    at,
    make_appointment,
    make_counter,
    make_group,
    make_hall,
    make_slot,
    make_staff,
    make_ticket,
)
from tests.conftest import NOW
from tests.fakes.gateway import FakeGateway
from tests.queueing.hall_day import officer_of

PHONE = "+8613800138000"
S = MessageState


def texts_to(parts, phone=PHONE):
    """What the phone has got, the oldest first."""
    with parts.database.transaction() as session:
        return [bubble.text for bubble in reversed(simulator.list_simulated(session, phone))]


def emit(parts, *events, now=NOW):
    with parts.database.transaction() as session:
        for event in events:
            outbox.emit(session, event, now=now)
    drain(parts, now=now)


def states_of(parts):
    with parts.database.transaction() as session:
        return dict(session.execute(select(Message.template, Message.state)).all())


@pytest.fixture
def group(database):
    with database.transaction() as session:
        return make_group(session, make_hall(session))


@pytest.fixture
def appointment(database, group):
    """Tomorrow at 10:00."""
    with database.transaction() as session:
        return make_appointment(session, make_slot(session, group, at("10:00") + timedelta(days=1)))


def ticket_with_phone(database, group, **values):
    keys = cipher()
    sealed = {
        "phone_sealed": keys.encrypt(PHONE, "ticket.phone"),
        "phone_index": keys.blind_index(PHONE, "phone"),
    }
    with database.transaction() as session:
        return make_ticket(session, group, **sealed | values)


def booked(appointment):
    return AppointmentBooked(appointment.id, appointment.hall_id, appointment.group_id)


def of_ticket(kind, ticket, *more):
    return kind(ticket.id, ticket.hall_id, ticket.group_id, *more)


def answer(parts, text, now=NOW):
    with parts.database.transaction() as session:
        simulator.answer(session, PHONE, text, now=now)
    drain(parts, now=now)


def test_a_code_reaches_its_phone_and_is_stored_nowhere_readable(parts):
    with parts.database.transaction() as session:
        code = request_code(session, PHONE, language="zh", now=NOW)
        digits = code_of(code)
    drain(parts, now=NOW)
    assert texts_to(parts) == [f"【有号】验证码{digits}，5分钟内有效。请勿告诉任何人，工作人员不会向您索要。"]


def test_a_booking_is_confirmed_at_once_and_reminded_twice(parts, appointment):
    emit(parts, booked(appointment))
    (confirmation,) = texts_to(parts)
    assert "张三，您已预约3月3日（周二）10:00" in confirmation
    assert f"/b/{appointment.reference}" in confirmation
    drain(parts, now=at("18:00"))
    drain(parts, now=at("08:00") + timedelta(days=1))
    assert [text[4:6] for text in texts_to(parts)[1:]] == ["提醒", "提醒"]
    assert set(states_of(parts).values()) == {S.DELIVERED}


def test_a_cancelled_booking_is_not_reminded(parts, appointment):
    emit(parts, booked(appointment))
    with parts.database.transaction() as session:
        session.merge(appointment).state = "cancelled"
    facts = (appointment.id, appointment.hall_id, appointment.group_id, "citizen")
    emit(parts, AppointmentCancelled(*facts))
    drain(parts, now=at("09:00") + timedelta(days=1))
    assert "预约已取消" in texts_to(parts)[-1]
    assert states_of(parts)["reminder_eve"] == states_of(parts)["reminder_2h"] == S.CANCELLED


def cancel_for_now(parts, appointment, now):
    with parts.database.transaction() as session:
        found = session.get_one(Appointment, appointment.id)
        cancel(session, found, reason="citizen", actor=ANONYMOUS, now=now, may_undo=True)
    drain(parts, now=now)


def test_a_cancellation_is_told_when_it_can_be_taken_back_no_longer(parts, appointment):
    emit(parts, booked(appointment))
    cancel_for_now(parts, appointment, NOW)
    drain(parts, now=NOW + timedelta(minutes=1))
    assert len(texts_to(parts)) == 1
    with parts.database.transaction() as session:
        end_undos(session, now=NOW + timedelta(minutes=2))
    drain(parts, now=NOW + timedelta(minutes=2))
    assert "预约已取消" in texts_to(parts)[-1]
    assert states_of(parts)["reminder_eve"] == states_of(parts)["reminder_2h"] == S.CANCELLED


def test_what_falls_due_while_a_cancellation_may_be_taken_back_is_sent_after_it_was(parts, appointment):
    emit(parts, booked(appointment))
    cancel_for_now(parts, appointment, at("17:59"))
    drain(parts, now=at("18:00"))
    assert len(texts_to(parts)) == 1
    assert states_of(parts)["reminder_eve"] == S.RETRY
    with parts.database.transaction() as session:
        undo_cancel(session, session.get_one(Appointment, appointment.id), actor=ANONYMOUS, now=at("18:00"))
        session.execute(update(Message).values(next_at=real_now()))
    drain(parts, now=at("18:02"))
    assert "提醒" in texts_to(parts)[-1]
    assert len(texts_to(parts)) == 2
    with parts.database.transaction() as session:
        end_undos(session, now=at("18:05"))
    drain(parts, now=at("08:00") + timedelta(days=1))
    assert [text[4:6] for text in texts_to(parts)[1:]] == ["提醒", "提醒"]


def test_a_booking_that_was_cancelled_before_it_was_confirmed_is_reminded_of_once_it_is_back(
    parts, appointment
):
    with parts.database.transaction() as session:
        found = session.get_one(Appointment, appointment.id)
        cancel(session, found, reason="citizen", actor=ANONYMOUS, now=NOW, may_undo=True)
    emit(parts, booked(appointment))
    assert states_of(parts) == {"booked": S.RETRY, "reminder_eve": S.PLANNED, "reminder_2h": S.PLANNED}


@pytest.mark.parametrize(
    ("language", "said", "text"),
    [
        ("zh", because("staffing"), "因人手调整暂停办理"),
        ("zh", because("other", "供暖检修", "heating"), "因供暖检修暂停办理"),
        ("en", because("staffing"), "is closed (changes in staffing)"),
    ],
)
def test_who_loses_a_booking_by_a_change_of_the_plan_is_told_why(parts, appointment, language, said, text):
    with parts.database.transaction() as session:
        cancelled = session.merge(appointment)
        cancelled.state, cancelled.cancel_reason, cancelled.language = "cancelled", "hall_closed", language
    facts = (appointment.id, appointment.hall_id, appointment.group_id, "hall_closed")
    emit(parts, AppointmentCancelled(*facts, None, said.zh, said.en))
    assert text in texts_to(parts)[-1]


def test_a_moved_booking_is_reminded_of_its_new_time_only(parts, group, appointment):
    emit(parts, booked(appointment))
    with parts.database.transaction() as session:
        slot = make_slot(session, group, at("15:00") + timedelta(days=2))
        moved = session.merge(appointment)
        moved.slot_id, moved.starts_at, moved.on_date = slot.id, slot.starts_at, slot.on_date
    emit(parts, AppointmentRescheduled(appointment.id, appointment.hall_id, appointment.group_id))
    assert "已改到3月4日（周三）15:00" in texts_to(parts)[-1]
    for day in (0, 1, 2):
        for clock in ("08:00", "13:00", "18:00"):
            drain(parts, now=at(clock) + timedelta(days=day))
    reminders = [text for text in texts_to(parts) if "提醒" in text]
    assert len(reminders) == 2
    assert all("15:00" in text for text in reminders)


def test_a_booking_moved_there_and_back_is_still_reminded_once_of_each(parts, appointment):
    moved = AppointmentRescheduled(appointment.id, appointment.hall_id, appointment.group_id)
    emit(parts, moved, booked(appointment), moved)
    drain(parts, now=at("18:00"))
    assert sum("提醒" in text for text in texts_to(parts)) == 1


@pytest.mark.parametrize("silent", [False, True])
def test_a_call_reaches_the_phone_and_a_late_one_does_not(parts, group, silent):
    with parts.database.transaction() as session:
        counter = make_counter(session, make_hall(session), [group], number=7)
    facts = {"state": "called", "counter_id": counter.id, "called_at": NOW, "silent": silent}
    ticket = ticket_with_phone(parts.database, group, **facts)
    emit(parts, of_ticket(TicketCalled, ticket, 1, counter.id))
    assert f"{ticket.label}号，请到7号窗口" in texts_to(parts)[0]
    with parts.database.transaction() as session:
        session.merge(ticket).state = "serving"
    emit(parts, of_ticket(TicketCalled, ticket, 2, counter.id))
    assert len(texts_to(parts)) == 1


def test_a_visit_of_two_lines_names_both_and_is_told_where_it_goes_on(parts, group, appointment):
    with parts.database.transaction() as session:
        hall = session.get_one(Hall, group.hall_id)
        other = make_group(session, hall, "B", name_zh="出入境", name_en="Exit and entry")
        lines = [{"group_id": each.id, "service_ids": [], "needed": 1} for each in (group, other)]
        session.merge(appointment).legs = lines
    emit(parts, booked(appointment))
    assert "办理户政、出入境业务" in texts_to(parts)[0]
    ticket = ticket_with_phone(parts.database, group, group_id=other.id, issued_group_id=group.id)
    emit(parts, of_ticket(TicketPassedOn, ticket, group.id))
    assert "这一步已办完。下一步：出入境" in texts_to(parts)[-1]


def test_a_missed_call_says_how_to_come_back(parts, group):
    ticket = ticket_with_phone(parts.database, group, state="absent")
    emit(parts, of_ticket(TicketMissed, ticket))
    assert "恢复排队" in texts_to(parts)[0]


def test_who_gave_no_phone_gets_no_message(parts, group):
    with parts.database.transaction() as session:
        ticket = make_ticket(session, group, state="absent")
    emit(parts, of_ticket(TicketMissed, ticket))
    assert states_of(parts) == {}


def test_those_soon_to_be_called_are_told_once(parts, group):
    with parts.database.transaction() as session:
        counter = make_counter(session, make_hall(session), [group])
        open_counter(session, counter.id, actor=officer_of(make_staff(session)), now=NOW)
    called = ticket_with_phone(parts.database, group, state="waiting", issued_at=NOW - timedelta(hours=1))
    event = of_ticket(TicketCalled, called, 1, counter.id)
    emit(parts, event, event)
    told = [text for text in texts_to(parts) if "快到了" in text]
    assert len(told) == 1


@pytest.fixture
def visit(parts, group):
    return ticket_with_phone(parts.database, group, state="completed", ended_at=NOW)


def completed(visit):
    return of_ticket(VisitCompleted, visit)


def test_every_visit_is_asked_once_even_if_the_event_came_twice(parts, visit):
    emit(parts, completed(visit), completed(visit))
    (text,) = texts_to(parts)
    assert "请回复数字评价" in text
    with parts.database.transaction() as session:
        (survey,) = session.scalars(select(Survey))
    assert (survey.ticket_id, survey.channel) == (visit.id, "sms")
    assert f"/r/{survey.reference}" in text


def test_without_a_phone_the_visit_is_asked_by_its_qr_code(parts, group):
    with parts.database.transaction() as session:
        ticket = make_ticket(session, group, state="completed")
    emit(parts, completed(ticket))
    with parts.database.transaction() as session:
        survey = find_survey_of_ticket(session, ticket.id)
    assert survey is not None
    assert (survey.channel, survey.phone_index) == ("qr", None)


def test_a_digit_rates_the_visit_and_is_thanked(parts, visit):
    emit(parts, completed(visit))
    answer(parts, "5")
    with parts.database.transaction() as session:
        survey = find_survey_of_ticket(session, visit.id)
        rating = find_rating(session, survey)
        assert (rating.grade, rating.via) == (5, "sms")
        assert session.scalar(select(func.count(FollowUpCase.id))) == 0
    assert texts_to(parts)[-1] == "【有号】感谢您的评价。"


def test_a_second_digit_changes_nothing_and_is_answered_politely(parts, visit):
    emit(parts, completed(visit))
    answer(parts, "5")
    answer(parts, "1")
    with parts.database.transaction() as session:
        assert session.scalars(select(Rating.grade)).all() == [5]
    assert "一次办理只评价一次" in texts_to(parts)[-1]


def test_a_bad_rating_opens_a_case_with_working_days(parts, visit):
    emit(parts, completed(visit))
    answer(parts, "1 不满意")
    with parts.database.transaction() as session:
        (case,) = session.scalars(select(FollowUpCase))
    assert case.state == "received"
    assert (case.contact_due_on - visit.on_date).days == 1
    assert (case.rectify_due_on - visit.on_date).days == 7
    assert "1个工作日内与您联系" in texts_to(parts)[-1]


def test_who_opts_out_gets_calls_but_no_surveys(parts, group, visit):
    answer(parts, "退订")
    emit(parts, completed(visit))
    assert len(texts_to(parts)) == 1
    assert "已停止" in texts_to(parts)[0]
    with parts.database.transaction() as session:
        assert find_survey_of_ticket(session, visit.id).channel == "qr"
        assert session.scalar(select(func.count()).select_from(OptOut)) == 1
    missed = ticket_with_phone(parts.database, group, state="absent")
    emit(parts, of_ticket(TicketMissed, missed))
    assert "恢复排队" in texts_to(parts)[-1]
    answer(parts, "订阅")
    with parts.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(OptOut)) == 0


def test_what_nobody_understands_is_answered_once_a_day(parts):
    answer(parts, "你们几点下班呀")
    answer(parts, "喂？")
    assert len(texts_to(parts)) == 1
    assert "没能看懂" in texts_to(parts)[0]


def test_a_visit_in_the_night_is_asked_in_the_morning(parts, visit):
    night = at("23:30")
    emit(parts, completed(visit), now=night)
    assert texts_to(parts) == []
    drain(parts, now=at("07:00") + timedelta(days=1))
    assert "请回复数字评价" in texts_to(parts)[0]


def test_the_doctor_finds_nothing_after_all_that(parts, appointment, visit):
    emit(parts, booked(appointment), completed(visit))
    answer(parts, "2")
    with parts.database.transaction() as session:
        assert message_doctor.check(session) == []
        assert check_events(session) == []


def test_the_doctor_sees_a_doubled_message(parts, visit):
    emit(parts, completed(visit))
    with parts.database.transaction() as session:
        message = session.scalars(select(Message)).one()
        message.state, message.ended_at = S.RETRY, None
    drain(parts, now=NOW)
    with parts.database.transaction() as session:
        assert [found.rule for found in message_doctor.check(session)] == ["message_sent_twice"]


def test_a_provider_in_trouble_delays_and_loses_nothing(parts, visit):
    gateway = FakeGateway()
    gateway.answers = [gateway.lose_the_answer]
    with parts.database.transaction() as session:
        outbox.emit(session, completed(visit), now=NOW)
    drain(parts, now=NOW, gateway=gateway)
    assert states_of(parts) == {"survey": S.UNKNOWN}
    assert len(gateway.sent) == 1
