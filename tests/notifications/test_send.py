import threading
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select, text

from kernel import clock
from notifications.gateways.base import Accepted, Rejected, RetryLater, Unknown
from notifications.models import Message, OptOut
from notifications.plan import cancel_pending, plan
from notifications.render import Wording
from notifications.retry import ATTEMPTS
from notifications.send import Settled, claim, perform, settle
from notifications.sender import Sender
from notifications.states import MessageState
from tests.build import make_appointment, make_group, make_hall, make_slot, make_ticket
from tests.conftest import NOW
from tests.fakes.gateway import FakeGateway

PHONE = "+8613800138000"
WORDING = Wording("有号", "https://yh.example.cn")
S = MessageState
ZONE = ZoneInfo("Asia/Shanghai")


def plan_thanks(session, key="k", **values):
    facts = {"phone": PHONE, "language": "zh", "subject": ("reply", 1), "hall_id": None, "now": NOW}
    plan(session, "reply_thanks", event_key=key, **facts | values)


def only_message(session):
    return session.scalars(select(Message).execution_options(populate_existing=True)).one()


def take(session, gateway, limit=10, real_now=None):
    return claim(
        session,
        gateway,
        limit=limit,
        wording=WORDING,
        now=NOW,
        real_now=real_now or clock.real_now(),
    )


def write(session, claimed, outcome, real_now=None):
    settle(
        session,
        [Settled(claimed, outcome)],
        gateway=FakeGateway(),
        real_now=real_now or clock.real_now(),
    )
    session.expire_all()


@pytest.fixture
def gateway():
    return FakeGateway()


def test_planning_the_same_message_twice_plans_it_once(session):
    plan_thanks(session)
    plan_thanks(session)
    assert only_message(session).state == S.QUEUED


def test_neither_phone_nor_text_is_stored_readable(session, gateway):
    plan_thanks(session)
    take(session, gateway)
    row = session.execute(text("SELECT message::text FROM message")).scalar_one()
    assert "13800138000" not in row
    assert "感谢" not in row


def test_a_message_for_later_waits_for_its_time(session, gateway):
    plan_thanks(session, plan_at=NOW + timedelta(hours=1))
    assert only_message(session).state == S.PLANNED
    assert take(session, gateway) == []


def test_claims_a_message_once(session, gateway):
    plan_thanks(session)
    (claimed,) = take(session, gateway)
    assert (claimed.outgoing.phone, claimed.attempt) == (PHONE, 1)
    assert only_message(session).state == S.SENDING
    assert take(session, gateway) == []


def test_two_senders_never_claim_the_same_message(database, gateway):
    with database.transaction() as session:
        for number in range(20):
            plan_thanks(session, f"k{number}")
    with database.transaction() as one, database.transaction() as other:
        first, second = take(one, gateway), take(other, gateway)
        assert len(first) == len(second) == 10
        assert not {each.id for each in first} & {each.id for each in second}


def test_urgent_messages_go_before_the_rest(session, gateway):
    ticket = make_ticket(session, make_group(session, make_hall(session)), state="absent")
    for number in range(3):
        plan_thanks(session, f"k{number}")
    plan(
        session,
        "missed",
        event_key="m",
        phone=PHONE,
        language="zh",
        subject=("ticket", ticket.id),
        hall_id=None,
        now=NOW,
    )
    (claimed,) = take(session, gateway, limit=1)
    assert "已叫号" in claimed.outgoing.text


def test_what_has_expired_is_not_claimed(session, gateway):
    plan_thanks(session, expires_in=timedelta(seconds=-1))
    assert take(session, gateway) == []


def test_acceptance_ends_the_senders_part(session, gateway):
    plan_thanks(session)
    (claimed,) = take(session, gateway)
    write(session, claimed, Accepted("X1"))
    message = only_message(session)
    assert (message.state, message.provider, message.provider_id) == (S.ACCEPTED, "fake", "X1")
    assert message.lease_until is None


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Rejected("21211", number_is_bad=True), S.FAILED),
        (RetryLater("20429"), S.RETRY),
        (Unknown("ReadTimeout"), S.UNKNOWN),
    ],
)
def test_other_outcomes_have_a_state_each(session, gateway, outcome, state):
    plan_thanks(session)
    (claimed,) = take(session, gateway)
    write(session, claimed, outcome)
    message = only_message(session)
    assert (message.state, message.error) == (state, outcome.code)


def test_gives_up_after_the_last_attempt(session, gateway):
    plan_thanks(session)
    only_message(session).attempt = ATTEMPTS - 1
    session.flush()
    (claimed,) = take(session, gateway)
    write(session, claimed, RetryLater("20429"))
    assert only_message(session).state == S.FAILED


def test_an_old_attempt_cannot_overwrite_a_new_one(session, gateway):
    plan_thanks(session)
    (old,) = take(session, gateway)
    write(session, old, RetryLater("20429"))
    later = clock.real_now() + timedelta(minutes=1)
    (new,) = take(session, gateway, real_now=later)
    write(session, old, Rejected("late"), later)
    assert only_message(session).state == S.SENDING
    write(session, new, Accepted("X2"), later)
    assert only_message(session).provider_id == "X2"


def test_a_late_acceptance_is_believed_even_after_the_lease(session, gateway):
    plan_thanks(session)
    (claimed,) = take(session, gateway)
    only_message(session).state = S.RETRY
    session.flush()
    write(session, claimed, Unknown("x"))
    assert only_message(session).state == S.RETRY
    write(session, claimed, Accepted("X"))
    assert only_message(session).state == S.ACCEPTED


def test_a_gateway_that_breaks_leaves_doubt_not_failure(session):
    gateway = FakeGateway()
    gateway.answers = [gateway.lose_the_answer]
    plan_thanks(session)
    (claimed,) = take(session, gateway)
    assert perform(gateway, claimed).outcome == Unknown("ConnectionResetError")


def test_a_sender_that_was_frozen_does_not_begin(session, gateway):
    plan_thanks(session)
    (claimed,) = take(session, gateway)
    stale = type(claimed)(claimed.id, claimed.attempt, claimed.outgoing, begin_before=0.0)
    assert perform(gateway, stale).outcome is None
    assert gateway.sent == []


def test_a_reminder_of_a_cancelled_booking_is_not_sent(session, gateway):
    group = make_group(session, make_hall(session))
    slot = make_slot(session, group, NOW + timedelta(hours=5))
    appointment = make_appointment(session, slot, state="cancelled")
    plan(
        session,
        "reminder_2h",
        event_key="r",
        phone=PHONE,
        language="zh",
        subject=("appointment", appointment.id),
        hall_id=None,
        now=NOW,
    )
    assert take(session, gateway) == []
    message = only_message(session)
    assert (message.state, message.error) == (S.CANCELLED, "appointment_cancelled")


def test_one_message_that_cannot_be_written_does_not_stop_the_others(session, gateway):
    plan_thanks(session, "broken", subject=("ticket", 999_999))
    plan_thanks(session, "fine")
    (claimed,) = take(session, gateway)
    assert "感谢" in claimed.outgoing.text
    states = session.scalars(select(Message.state).order_by(Message.id)).all()
    assert states == [S.FAILED, S.SENDING]


def test_opted_out_phones_get_no_reminders_but_codes_and_calls(session, gateway):
    plan_survey = {"phone": PHONE, "language": "zh", "subject": ("survey", 1), "hall_id": None, "now": NOW}
    plan(session, "survey", event_key="before", **plan_survey)
    session.add(OptOut(phone_index=only_message(session).recipient_index, since_at=NOW))
    session.flush()
    plan(session, "survey", event_key="after", **plan_survey)
    plan_thanks(session)
    (claimed,) = take(session, gateway)
    assert "感谢" in claimed.outgoing.text
    states = dict(session.execute(select(Message.event_key, Message.state)).all())
    assert states["before"] == states["after"] == S.SUPPRESSED


def test_cancelling_reaches_what_waits_and_leaves_what_is_being_sent(session, gateway):
    for number, template in enumerate(("reply_thanks", "reply_help")):
        plan(
            session,
            template,
            event_key=f"k{number}",
            phone=PHONE,
            language="zh",
            subject=("reply", 7),
            hall_id=None,
            now=NOW,
        )
    (claimed,) = take(session, gateway, limit=1)
    assert cancel_pending(session, ("reply", 7), templates=frozenset({"reply_thanks", "reply_help"})) == 1
    states = dict(session.execute(select(Message.id, Message.state)).all())
    assert states.pop(claimed.id) == S.SENDING
    assert list(states.values()) == [S.CANCELLED]


def test_the_sender_sends_everything_due_and_holds_no_connection_meanwhile(database):
    gateway = FakeGateway()
    seen = []

    def look(message):
        seen.append(database.engine.pool.checkedout())
        gateway.sent.append(message)
        return Accepted(f"FAKE{message.reference}")

    gateway.answers = [look] * 60
    with database.transaction() as session:
        for number in range(60):
            plan_thanks(session, f"k{number}")
    sender = Sender(database, gateway, WORDING, threads=8, business_now=lambda: NOW)
    assert sender.send_due() == 60
    sender.close()
    assert len({message.reference for message in gateway.sent}) == 60
    # The one thread that settles may be in a transaction; the senders never are.
    assert max(seen) <= 1
    with database.transaction() as session:
        assert set(session.scalars(select(Message.state))) == {S.ACCEPTED}


def test_a_gateway_that_hangs_holds_up_neither_the_caller_nor_later_messages(database):
    gateway, release = FakeGateway(), threading.Event()

    def hang(message):
        release.wait(10)
        gateway.sent.append(message)
        return Accepted(f"LATE{message.reference}")

    gateway.answers = [hang] * 3
    with database.transaction() as session:
        for number in range(3):
            plan_thanks(session, f"k{number}")
    sender = Sender(database, gateway, WORDING, threads=4, business_now=lambda: NOW)
    assert sender.send_due(seconds=0.1) == 0
    assert gateway.sent == []  # it came back while all three still hang
    with database.transaction() as session:
        plan_thanks(session, "later")
    assert sender.send_due(seconds=0.1) == 1
    release.set()
    sender.close()
    with database.transaction() as session:
        assert set(session.scalars(select(Message.state))) == {S.ACCEPTED}


def test_who_begins_to_send_does_not_wait_for_the_gateway(database):
    gateway, release = FakeGateway(), threading.Event()

    def hang(message):
        release.wait(10)
        gateway.sent.append(message)
        return Accepted(f"LATE{message.reference}")

    gateway.answers = [hang] * 2
    with database.transaction() as session:
        plan_thanks(session, "one")
    sender = Sender(database, gateway, WORDING, threads=4, business_now=lambda: NOW)
    sender.begin()
    sender.begin()  # it is at it already
    assert gateway.sent == []
    release.set()
    sender.close()
    assert len(gateway.sent) == 1
    with database.transaction() as session:
        assert only_message(session).state == S.ACCEPTED


def claimed_statements(database, gateway, count):
    """Plan and claim so many confirmations of one day; the statements of the claim, and the texts."""
    with database.transaction() as session:
        group = make_group(session, make_hall(session))
        for minute in range(count):
            place = "陈家村" if minute else ""
            slot = make_slot(session, group, NOW + timedelta(days=1, minutes=minute), numbers=0, place=place)
            about = ("appointment", make_appointment(session, slot).id)
            facts = {"phone": PHONE, "language": "zh", "hall_id": group.hall_id, "now": NOW}
            plan(session, "booked", event_key=f"b{group.id}:{minute}", subject=about, **facts)
    statements = []
    with database.transaction() as session:
        event.listen(session.connection(), "before_cursor_execute", lambda *told: statements.append(told[2]))
        texts = [each.outgoing.text for each in take(session, gateway, limit=count)]
        session.flush()
    return len(statements), texts


def test_a_claim_of_many_asks_no_more_than_one_of_few(database, gateway):
    few, texts = claimed_statements(database, gateway, 2)
    assert [("陈家村" in each) for each in texts] == [False, True]
    many, texts = claimed_statements(database, gateway, 12)
    assert sum("陈家村" in each for each in texts) == 11
    assert many == few
