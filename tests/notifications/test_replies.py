from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from kernel import clock
from kernel.outbox import OutboxEvent
from kernel.phone import PhoneMalformed
from notifications import simulator
from notifications.gateways.base import Outgoing
from notifications.gateways.console import ConsoleGateway
from notifications.models import InboundReply
from notifications.replies import phone_of, receive, text_of
from tests.conftest import NOW


def test_a_reply_is_kept_once_however_often_it_is_pushed(session):
    first = receive(session, "twilio", "SM1", "13800138000", "5", now=NOW)
    again = receive(session, "twilio", "SM1", "+8613800138000", "5", now=NOW)
    assert first.id == again.id
    assert session.scalar(select(func.count(OutboxEvent.id))) == 1


def test_a_reply_is_sealed(session):
    reply = receive(session, "twilio", "SM1", "13800138000", "很好", now=NOW)
    assert (phone_of(reply), text_of(reply)) == ("+8613800138000", "很好")
    stored = session.execute(text("SELECT inbound_reply::text FROM inbound_reply")).scalar_one()
    assert "13800138000" not in stored
    assert "很好" not in stored
    assert session.scalar(select(OutboxEvent.payload))["reply_id"] == reply.id


def test_refuses_a_sender_that_is_no_phone(session):
    with pytest.raises(PhoneMalformed):
        receive(session, "twilio", "SM1", "10086", "推广", now=NOW)


def test_the_simulator_answers_as_a_phone_would(session):
    simulator.answer(session, "13800138000", "5", now=NOW)
    (bubble,) = simulator.conversation(session, "13800138000")
    assert (bubble.text, bubble.from_citizen) == ("5", True)
    assert session.scalar(select(InboundReply.provider)) == "console"
    assert simulator.conversation(session, "13800138001") == []


def test_a_phone_of_the_simulator_shows_question_answer_and_thanks_by_the_halls_clock(database, tmp_path):
    """Whether the demonstration plays a day long past or one to come."""
    phone, gateway = "+8613800138000", ConsoleGateway(database)
    clock.use_demo_file(tmp_path / "clock.json")
    try:
        for start in (NOW - timedelta(days=400), NOW + timedelta(days=4000)):
            for minute, words in enumerate(("请评价", "5", "谢谢")):
                clock.set_demo(tmp_path / "clock.json", start + timedelta(minutes=minute), 0)
                if words == "5":
                    with database.transaction() as session:
                        simulator.answer(session, phone, words, now=clock.now())
                else:
                    gateway.send(Outgoing(f"{start}{minute}"[:32], phone, words))
    finally:
        clock.use_demo_file(None)
    with database.transaction() as session:
        shown = [bubble.text for bubble in simulator.conversation(session, phone)]
    assert shown == ["请评价", "5", "谢谢"] * 2
