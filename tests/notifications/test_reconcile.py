from datetime import timedelta

import pytest
from sqlalchemy import select, update

from kernel import clock
from notifications.gateways.base import Accepted, CannotTell, Found
from notifications.models import Message
from notifications.plan import plan
from notifications.reconcile import apply, reconcile_due, take
from notifications.render import Wording
from notifications.retry import LOOKUPS
from notifications.sender import Sender
from notifications.states import MessageState
from notifications.sweep import sweep
from tests.conftest import NOW
from tests.fakes.gateway import FakeGateway

S = MessageState
WORDING = Wording("有号", "https://yh.example.cn")


def plan_one(session, template="reply_thanks", key="k", phone="+8613800138000"):
    plan(
        session,
        template,
        event_key=key,
        phone=phone,
        language="zh",
        subject=("reply", 1),
        hall_id=None,
        now=NOW,
    )


def state_of(database):
    with database.transaction() as session:
        return session.scalars(select(Message)).one()


def send_all(database, gateway):
    sender = Sender(database, gateway, WORDING, threads=4, business_now=lambda: NOW)
    try:
        return sender.send_due()
    finally:
        sender.close()


@pytest.fixture
def gateway():
    return FakeGateway()


@pytest.fixture
def doubted(database, gateway):
    """One message that was sent, and whose answer was lost."""
    with database.transaction() as session:
        plan_one(session)
    gateway.answers = [gateway.lose_the_answer]
    send_all(database, gateway)
    assert state_of(database).state == S.UNKNOWN
    return database


def test_a_lost_answer_is_found_at_the_provider_and_not_sent_again(doubted, gateway):
    assert reconcile_due(doubted, gateway) == 1
    message = state_of(doubted)
    assert (message.state, message.provider_id) == (S.ACCEPTED, "FAKE1")
    assert send_all(doubted, gateway) == 0
    assert len(gateway.sent) == 1


def test_what_the_provider_never_got_is_sent_again(doubted, gateway):
    gateway.sent.clear()
    reconcile_due(doubted, gateway)
    assert state_of(doubted).state == S.RETRY
    send_all(doubted, gateway)
    assert state_of(doubted).state == S.ACCEPTED
    assert len(gateway.sent) == 1


def test_a_provider_that_cannot_tell_is_asked_again_and_then_policy_holds(doubted, gateway):
    gateway.can_tell = False
    for asked in range(1, LOOKUPS + 1):
        with doubted.transaction() as session:
            session.execute(update(Message).values(lease_until=clock.real_now()))
        reconcile_due(doubted, gateway)
        if asked < LOOKUPS:
            assert state_of(doubted).state == S.UNKNOWN
    message = state_of(doubted)
    assert (message.state, message.error) == (S.UNDETERMINED, "held_by_policy")
    assert message.ended_at is not None


def test_policy_sends_again_what_must_not_be_missed(database, gateway):
    with database.transaction() as session:
        plan_one(session)
        session.execute(
            update(Message).values(
                template="called", state=S.UNKNOWN, attempt=1, lookups=LOOKUPS - 1, lease_until=NOW
            )
        )
    gateway.can_tell = False
    reconcile_due(database, gateway)
    assert state_of(database).state == S.RETRY


def test_doubt_about_what_is_no_longer_worth_sending_ends_in_expiry(doubted, gateway):
    gateway.sent.clear()
    with doubted.transaction() as session:
        session.execute(update(Message).values(expires_at=clock.real_now() - timedelta(seconds=1)))
    reconcile_due(doubted, gateway)
    assert state_of(doubted).state == S.EXPIRED


def test_a_killed_sender_leaves_doubt_when_its_lease_is_over(database, gateway):
    with database.transaction() as session:
        plan_one(session)
        session.execute(update(Message).values(state=S.SENDING, attempt=1, lease_until=clock.real_now()))
        due = sweep(session, now=NOW, real_now=clock.real_now())
    assert due.to_look_up
    assert state_of(database).state == S.UNKNOWN


def test_a_lookup_in_progress_is_not_repeated_by_another(doubted, gateway):
    with doubted.transaction() as session:
        assert len(take(session, gateway, limit=10, real_now=clock.real_now())) == 1
    with doubted.transaction() as session:
        assert take(session, gateway, limit=10, real_now=clock.real_now()) == []


def test_a_message_that_moved_on_meanwhile_is_left_alone(doubted, gateway):
    with doubted.transaction() as session:
        (doubt,) = take(session, gateway, limit=10, real_now=clock.real_now())
        session.execute(update(Message).values(state=S.DELIVERED))
        found = Found(("FAKE1",))
        assert not apply(session, doubt, found, gateway=gateway, real_now=clock.real_now())


def test_an_id_that_belongs_to_another_message_is_not_taken_for_this_one(doubted, gateway):
    with doubted.transaction() as session:
        plan_one(session, key="other")
        session.execute(
            update(Message)
            .where(Message.event_key == "other")
            .values(state=S.ACCEPTED, provider_id="FAKE1", accepted_at=NOW, attempt=1)
        )
        (doubt,) = take(session, gateway, limit=10, real_now=clock.real_now())
        apply(session, doubt, Found(("FAKE1",)), gateway=gateway, real_now=clock.real_now())
    with doubted.transaction() as session:
        assert session.scalar(select(Message.state).where(Message.event_key == "k")) == S.RETRY


def test_a_provider_without_lookup_goes_straight_to_policy(doubted, gateway):
    with doubted.transaction() as session:
        (doubt,) = take(session, gateway, limit=10, real_now=clock.real_now())
        mute = FakeGateway()
        mute.capabilities = type(mute.capabilities)("mute", 1.0, 0.0, can_look_up=False)
        apply(session, doubt, CannotTell("no_lookup"), gateway=mute, real_now=clock.real_now())
    assert state_of(doubted).error == "held_by_policy"


def test_the_text_is_known_again_by_its_hash(doubted, gateway):
    with doubted.transaction() as session:
        (doubt,) = take(session, gateway, limit=10, real_now=clock.real_now())
    assert doubt.sought.matches(gateway.sent[0].text)
    assert not doubt.sought.matches(gateway.sent[0].text + " ")


def test_the_negative_control_sending_again_unasked_doubles(doubted, gateway):
    """Without the look-up, `unknown` treated as failed sends twice: what the reconciler prevents is real."""
    with doubted.transaction() as session:
        session.execute(update(Message).values(state=S.RETRY, next_at=clock.real_now()))
    gateway.answers = [Accepted("FAKE2")]
    send_all(doubted, gateway)
    assert len(gateway.sent) == 2
