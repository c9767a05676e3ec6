import pytest
from sqlalchemy import func, select, text

from kernel.outbox import OutboxEvent
from kernel.phone import PhoneMalformed
from notifications import simulator
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
