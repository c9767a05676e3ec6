"""The message machine and Twilio together: whatever the answer was, each message goes out once."""

import pytest
from sqlalchemy import select, update

from kernel import clock
from notifications import receipts
from notifications.gateways.base import Incoming
from notifications.gateways.twilio import TwilioGateway
from notifications.models import Message
from notifications.plan import plan
from notifications.reconcile import reconcile_due
from notifications.render import Wording
from notifications.sender import Sender
from notifications.states import MessageState
from tests.conftest import NOW
from tests.fakes.twilio_server import ACCOUNT, TOKEN, TwilioState, twilio_server

S = MessageState
PUBLIC = "https://yh.example.cn"


@pytest.fixture
def server():
    with twilio_server() as running:
        yield running


@pytest.fixture
def gateway(server):
    return TwilioGateway(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        sender="+15005550006",
        callback_base=PUBLIC,
        base_url=server[0],
        timeout=0.3,
    )


@pytest.fixture
def state(server):
    return server[1]


def send(database, gateway, ending):
    with database.transaction() as session:
        plan(
            session,
            "reply_thanks",
            event_key="k",
            phone=f"+861380013{ending}",
            language="zh",
            subject=("reply", 1),
            hall_id=None,
            now=NOW,
        )
    send_again(database, gateway)


def send_again(database, gateway):
    sender = Sender(database, gateway, Wording("有号", PUBLIC), threads=2, business_now=lambda: NOW)
    sender.send_due()
    sender.close()


def message(database):
    with database.transaction() as session:
        return session.scalars(select(Message)).one()


def push_receipt(database, gateway, kept, status):
    """What the hook does with Twilio's request."""
    form, signature = TwilioState.receipt(kept, status)
    incoming = Incoming(kept.callback.removeprefix(PUBLIC), form, {"X-Twilio-Signature": signature})
    assert gateway.is_genuine(incoming)
    with database.transaction() as session:
        receipts.store(session, "twilio", gateway.parse_receipts(incoming), real_now=clock.real_now())
    with database.transaction() as session:
        receipts.apply_stored(session, real_now=clock.real_now())


def look_now(database, gateway):
    with database.transaction() as session:
        session.execute(update(Message).values(lease_until=clock.real_now()))
    reconcile_due(database, gateway)


@pytest.mark.parametrize("ending", ["0408", "0500", "0204", "0418"])
def test_a_callback_settles_what_the_lost_answer_left_open(database, gateway, state, ending):
    send(database, gateway, ending)
    assert message(database).state == S.UNKNOWN
    push_receipt(database, gateway, state.kept[0], "delivered")
    assert message(database).state == S.DELIVERED
    send_again(database, gateway)
    assert len(state.kept) == 1


@pytest.mark.parametrize("ending", ["0408", "0500", "0204", "0418"])
def test_without_a_callback_the_list_settles_it(database, gateway, state, ending):
    send(database, gateway, ending)
    look_now(database, gateway)
    found = message(database)
    assert (found.state, found.provider_id) == (S.ACCEPTED, state.kept[0].sid)
    send_again(database, gateway)
    assert len(state.kept) == 1


def test_what_twilio_never_kept_is_sent_again(database, gateway, state):
    send(database, gateway, "0503")
    assert message(database).state == S.UNKNOWN
    look_now(database, gateway)
    assert message(database).state == S.RETRY


def test_a_refused_number_ends_there(database, gateway, state):
    send(database, gateway, "0400")
    found = message(database)
    assert (found.state, found.error) == (S.FAILED, "21614")


def test_callbacks_in_any_order_end_alike(database, gateway, state):
    send(database, gateway, "8000")
    for status in ("delivered", "sent", "queued"):
        push_receipt(database, gateway, state.kept[0], status)
    assert message(database).state == S.DELIVERED
