from dataclasses import replace
from datetime import timedelta

from twilio.request_validator import RequestValidator

from kernel import clock, ids
from kernel.crypto import cipher
from kernel.settings import Settings
from notifications import simulator
from notifications.gateways.base import Outgoing
from notifications.gateways.console import ConsoleGateway
from notifications.models import InboundReply, SimulatedSms
from tests import build
from tests.web.apps import app_for
from tests.web.hall_faces import token

PHONE = "+8613800138000"


def receive(faces, text="【有号】您好"):
    with faces.parts.database.transaction() as session:
        sms = SimulatedSms(
            provider_id=ids.new_reference(),
            message_reference="m",
            phone_index=cipher().blind_index(PHONE, "phone"),
            phone_sealed=cipher().encrypt(PHONE, "simulator.phone"),
            text_sealed=cipher().encrypt(text, "simulator.text"),
            accepted_at=build.at("09:00"),
        )
        session.add(sms)


def test_shows_every_message_and_takes_an_answer(faces):
    receive(faces, "请问 <满意> 吗")
    client = faces.app.test_client()
    page = client.get("/simulator/").text
    assert "请问 &lt;满意&gt; 吗" in page
    answer = client.post("/simulator/answer", data={"phone": PHONE, "text": "5", "csrf_token": token(page)})
    assert answer.status_code == 303
    with faces.parts.database.transaction() as session:
        assert session.query(InboundReply).count() == 1
    assert 'bubble--from">5' in client.get("/simulator/phones").text


def test_an_empty_simulator_says_what_to_do(faces):
    assert "还没有短信" in faces.app.test_client().get("/simulator/").text


def test_the_demonstrations_clock_jumps_ahead_and_nobody_elses(faces):
    settings = faces.parts.settings
    demo = replace(settings, env="demo", clock_file=settings.var / "clock.json")
    client = app_for(replace(faces.parts, settings=demo)).test_client()
    page = client.get("/simulator/").text
    assert "快进 30 分钟" in page
    facts = {"csrf_token": token(page), "minutes": "30"}
    before = clock.now()
    assert client.post("/simulator/clock", data=facts).status_code == 303
    assert timedelta(minutes=30) <= clock.now() - before < timedelta(minutes=31)
    assert client.post("/simulator/clock", data=facts | {"minutes": "-30"}).status_code == 404
    real = app_for(faces.parts).test_client()
    assert "快进" not in real.get("/simulator/").text
    assert real.post("/simulator/clock", data=facts).status_code in {400, 404}


def test_is_not_there_in_production_or_with_a_real_gateway(faces):
    real = replace(faces.parts, settings=replace(faces.parts.settings, env="production"))
    assert app_for(real).test_client().get("/simulator/").status_code == 404
    twilio = replace(faces.parts, settings=replace(faces.parts.settings, sms_gateway="twilio"))
    assert app_for(twilio).test_client().get("/simulator/").status_code == 404


def test_a_webhook_without_a_right_signature_changes_nothing(faces):
    settings: Settings = replace(
        faces.parts.settings,
        sms_gateway="twilio",
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="secret",
        twilio_from="+15005550006",
    )
    client = app_for(replace(faces.parts, settings=settings)).test_client()
    facts = {"MessageSid": "SM1", "From": PHONE, "Body": "5"}
    for headers in ({}, {"X-Twilio-Signature": "forged"}):
        answer = client.post("/hooks/twilio/reply", data=facts, headers=headers)
        assert answer.status_code == 403
        assert answer.content_type == "application/problem+json"
    with faces.parts.database.transaction() as session:
        assert session.query(InboundReply).count() == 0


def test_a_signed_webhook_is_stored_once_however_often_it_is_pushed(faces):
    settings = replace(
        faces.parts.settings,
        sms_gateway="twilio",
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token="secret",
        twilio_from="+15005550006",
    )
    client = app_for(replace(faces.parts, settings=settings)).test_client()
    facts = {"MessageSid": "SM1", "From": PHONE, "Body": "非常满意"}
    signature = RequestValidator("secret").compute_signature(f"{settings.base_url}/hooks/twilio/reply", facts)
    for _push in range(2):
        answer = client.post("/hooks/twilio/reply", data=facts, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == 200
    with faces.parts.database.transaction() as session:
        assert session.query(InboundReply).count() == 1


def test_a_conversation_is_in_order_by_the_phones_own_clock(faces):
    """The clock of a demonstration is far from the machine's, and the one clock serves both sides."""
    sms = ConsoleGateway(faces.parts.database)
    for time, text in (("09:00", "一"), ("09:10", "三")):
        faces.at(time)
        sms.send(Outgoing(ids.new_reference(), PHONE, text))
        faces.at(f"{time[:-1]}5")
        with faces.parts.database.transaction() as session:
            simulator.answer(session, PHONE, f"答{text}", now=clock.now())
    with faces.parts.database.transaction() as session:
        bubbles = simulator.conversation(session, PHONE)
    assert [bubble.text for bubble in bubbles] == ["一", "答一", "三", "答三"]
    assert [bubble.at for bubble in bubbles] == [
        build.at(f"09:{minute}") for minute in ("00", "05", "10", "15")
    ]
