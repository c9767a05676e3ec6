import logging
from datetime import timedelta

import pytest

from kernel import clock
from notifications.gateways.base import (
    Absent,
    Accepted,
    CannotTell,
    Found,
    Incoming,
    Outgoing,
    Rejected,
    RetryLater,
    Sought,
    Unknown,
)
from notifications.gateways.twilio import RECEIPT_PATH, REPLY_PATH, TwilioGateway
from tests.fakes.twilio_server import ACCOUNT, TOKEN, TwilioState, twilio_server

PUBLIC = "https://yh.example.cn"


@pytest.fixture(scope="module")
def server():
    with twilio_server() as running:
        yield running


@pytest.fixture
def state(server):
    server[1].kept.clear()
    server[1].can_list = True
    return server[1]


def make(base_url, **values):
    facts = {
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "sender": "+15005550006",
        "callback_base": PUBLIC,
        "base_url": base_url,
        "timeout": 0.5,
    }
    return TwilioGateway(**facts | values)


@pytest.fixture
def gateway(server):
    return make(server[0])


def outgoing(ending="8000", reference="ref-1", text="【有号】感谢您的评价。", **values):
    return Outgoing(reference, f"+861380013{ending}", text, **values)


def sought(message, since=None):
    return Sought(
        message.reference, message.phone, since or clock.real_now(), matches=lambda text: text == message.text
    )


def test_hands_over_text_validity_and_a_callback_with_our_reference(gateway, state):
    outcome = gateway.send(outgoing(valid_for=timedelta(minutes=10)))
    (kept,) = state.kept
    assert outcome == Accepted(kept.sid)
    assert kept.body == "【有号】感谢您的评价。"
    assert kept.callback == f"{PUBLIC}{RECEIPT_PATH}?ref=ref-1"
    assert kept.validity == "600"


@pytest.mark.parametrize(
    ("valid_for", "sent"), [(None, "36000"), (timedelta(days=2), "36000"), (timedelta(0), "1")]
)
def test_keeps_validity_within_what_twilio_takes(gateway, state, valid_for, sent):
    gateway.send(outgoing(valid_for=valid_for))
    assert state.kept[0].validity == sent


@pytest.mark.parametrize(
    ("ending", "outcome", "kept"),
    [
        ("0400", Rejected("21614", number_is_bad=True), 0),
        ("0401", Rejected("20003"), 0),
        ("0429", RetryLater("20429"), 0),
        ("0500", Unknown("20500"), 1),
        ("0503", Unknown("20503"), 0),
        ("0408", Unknown("ReadTimeout"), 1),
        ("0204", Unknown("ConnectionError"), 1),
    ],
)
def test_every_kind_of_answer_has_one_meaning(gateway, state, ending, outcome, kept):
    before = state.requests
    assert gateway.send(outgoing(ending)) == outcome
    assert len(state.kept) == kept
    assert state.requests == before + 1, "the client must never try twice by itself"


def test_an_answer_that_is_no_answer_leaves_doubt(gateway, state):
    assert isinstance(gateway.send(outgoing("0418")), Unknown)
    assert len(state.kept) == 1


def test_a_refused_connection_was_certainly_not_a_send():
    assert make("http://127.0.0.1:9").send(outgoing()) == RetryLater("no_connection")


def test_finds_by_text_what_was_kept_although_the_answer_was_lost(gateway, state):
    message = outgoing("0500")
    gateway.send(message)
    gateway.send(outgoing("0500", text="another"))
    assert gateway.lookup(sought(message)) == Found((state.kept[0].sid,))


def test_says_absent_only_when_the_list_answers(gateway, state):
    message = outgoing("0503")
    gateway.send(message)
    assert gateway.lookup(sought(message)) == Absent()
    state.can_list = False
    assert isinstance(gateway.lookup(sought(message)), CannotTell)


def test_a_same_text_of_yesterday_is_not_this_message(gateway, state):
    message = outgoing()
    gateway.send(message)
    tomorrow = clock.real_now() + timedelta(days=1)
    assert gateway.lookup(sought(message, since=tomorrow)) == Absent()


def receipt_of(state, status="delivered", token=TOKEN):
    (kept,) = state.kept
    form, signature = TwilioState.receipt(kept, status, token=token)
    path = kept.callback.removeprefix(PUBLIC)
    return Incoming(path, form, {"X-Twilio-Signature": signature})


def test_reads_a_signed_receipt_behind_any_proxy(gateway, state):
    gateway.send(outgoing())
    incoming = receipt_of(state)
    assert gateway.is_genuine(incoming)
    (receipt,) = gateway.parse_receipts(incoming)
    assert (receipt.provider_id, receipt.status, receipt.reference) == (
        state.kept[0].sid,
        "delivered",
        "ref-1",
    )


def test_refuses_forged_and_changed_receipts(gateway, state):
    gateway.send(outgoing())
    assert not gateway.is_genuine(receipt_of(state, token="wrong"))
    genuine = receipt_of(state)
    changed = Incoming(genuine.path, genuine.form | {"MessageStatus": "failed"}, genuine.headers)
    elsewhere = Incoming(genuine.path.replace("ref-1", "ref-2"), genuine.form, genuine.headers)
    unsigned = Incoming(genuine.path, genuine.form)
    assert not any(map(gateway.is_genuine, (changed, elsewhere, unsigned)))


def test_reads_a_reply_and_does_not_take_receipts_for_replies(gateway, state):
    incoming = Incoming(REPLY_PATH, {"MessageSid": "SM9", "From": "+8613800138000", "Body": "5"})
    (reply,) = gateway.parse_replies(incoming)
    assert (reply.provider_id, reply.phone, reply.text) == ("SM9", "+8613800138000", "5")
    assert gateway.parse_receipts(incoming) == []
    gateway.send(outgoing())
    assert gateway.parse_replies(receipt_of(state)) == []


def test_uses_a_messaging_service_where_one_is_named(server, state):
    assert isinstance(make(server[0], sender="MG" + "0" * 32).send(outgoing()), Accepted)


def test_logs_neither_phones_nor_texts(gateway, state, caplog):
    with caplog.at_level(logging.DEBUG):
        gateway.send(outgoing())
    assert "13800138000" not in caplog.text
    assert "感谢" not in caplog.text
