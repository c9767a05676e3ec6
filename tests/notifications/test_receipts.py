from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import func, select, update

from kernel import clock
from notifications import receipts
from notifications.gateways.base import Receipt
from notifications.models import Message, MessageReceipt
from notifications.plan import plan
from notifications.states import MessageState
from tests.conftest import NOW

S = MessageState


@pytest.fixture
def message(session):
    plan(
        session,
        "reply_thanks",
        event_key="k",
        phone="+8613800138000",
        language="zh",
        subject=("reply", 1),
        hall_id=None,
        now=NOW,
    )
    session.execute(update(Message).values(state=S.SENDING, attempt=1, lease_until=clock.real_now()))
    return session.scalars(select(Message).execution_options(populate_existing=True)).one()


def push(session, *pushed):
    return receipts.store(session, "twilio", pushed, real_now=clock.real_now())


def apply(session, later=timedelta(0)):
    return receipts.apply_stored(session, real_now=clock.real_now() + later)


def test_a_receipt_before_our_own_commit_settles_the_message(session, message):
    push(session, Receipt("SM1", "delivered", message.reference))
    assert apply(session) == 1
    assert (message.state, message.provider_id) == (S.DELIVERED, "SM1")
    assert message.accepted_at is not None


def test_any_early_receipt_tells_the_providers_id(session, message):
    push(session, Receipt("SM1", "sent", message.reference))
    apply(session)
    assert (message.state, message.provider_id, message.ended_at) == (S.ACCEPTED, "SM1", None)


def test_a_receipt_pushed_twice_counts_once(session, message):
    delivered = Receipt("SM1", "delivered", message.reference)
    assert push(session, delivered, delivered) == 1
    assert push(session, delivered) == 0
    assert session.scalar(select(func.count(MessageReceipt.id))) == 1


@pytest.mark.parametrize("order", list(permutations(["sent", "sending", "delivered"])))
def test_in_whatever_order_receipts_come_the_end_is_the_same(session, message, order):
    for status in order:
        push(session, Receipt("SM1", status, message.reference))
        apply(session)
    assert message.state == S.DELIVERED


def test_no_final_state_regresses(session, message):
    push(session, Receipt("SM1", "delivered", message.reference))
    apply(session)
    push(session, Receipt("SM1", "undelivered", message.reference, "30003"))
    apply(session)
    assert (message.state, message.error) == (S.DELIVERED, None)


def test_an_undelivered_message_keeps_the_reason(session, message):
    push(session, Receipt("SM1", "undelivered", message.reference, "30003"))
    apply(session)
    assert (message.state, message.error) == (S.UNDELIVERED, "30003")


def test_the_failure_of_an_earlier_attempt_does_not_spoil_the_later_one(session, message):
    message.state, message.provider_id, message.accepted_at = S.ACCEPTED, "SM2", clock.real_now()
    session.flush()
    push(session, Receipt("SM1", "failed", message.reference))
    apply(session)
    assert (message.state, message.provider_id) == (S.ACCEPTED, "SM2")


def test_finds_the_message_by_the_providers_id_where_no_reference_comes_back(session, message):
    message.state, message.provider_id, message.accepted_at = S.ACCEPTED, "SM2", clock.real_now()
    session.flush()
    push(session, Receipt("SM2", "delivered"))
    apply(session)
    assert message.state == S.DELIVERED


def test_a_receipt_for_nothing_we_know_is_kept_but_not_waited_for(session):
    push(session, Receipt("SM9", "delivered", "unknown"))
    assert apply(session) == 0
    assert apply(session, timedelta(hours=1)) == 1
    assert session.scalar(select(func.count(MessageReceipt.id))) == 1


def test_words_that_we_do_not_know_change_nothing(session, message):
    push(session, Receipt("SM1", "teleported", message.reference))
    apply(session)
    assert message.state == S.SENDING


def test_receipts_for_nothing_we_know_hold_up_no_others(session, message):
    for number in range(3):
        push(session, Receipt(f"SM9{number}", "delivered", "unknown"))
    push(session, Receipt("SM1", "delivered", message.reference))
    assert receipts.apply_stored(session, real_now=clock.real_now(), limit=2) == 1
    assert message.state == S.DELIVERED
