"""Nobody learns whether a document has a booking: known and unknown ones get the same answer.

A known birthday and county leave a thousand candidates, so one telling difference would be enough.
"""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from booking.models import Appointment
from booking.policy import DocumentNotBookable
from halls.models import Hall
from kernel import clock
from notifications.models import Message
from notifications.plan import plan
from notifications.render import Wording, render
from people.identity import mask
from people.models import Citizen
from people.sample_ids import sample_resident_id
from tests import build
from tests.conftest import NOW
from tests.web.citizen.town import (
    LOST,
    NUMBER,
    PERSON,
    RENEWAL,
    TUESDAY,
    WEDNESDAY,
    book,
    hold_first,
    identify,
    make_town,
)

UNKNOWN = sample_resident_id(4711)
# What differs in every answer, whoever asks.
_FRESH = re.compile(r'(name="(?:csrf_token|press)"[^>]*? value=")[^"]*|data-countdown="\d+"|\d+:\d\d</span>')


@pytest.fixture
def town(parts):
    yield make_town(parts)
    clock.use_demo_file(None)


@pytest.fixture
def known(town):
    """Somebody has a booking with NUMBER."""
    book(town, town.phone())
    with town.parts.database.transaction() as session:
        assert session.scalars(select(Appointment.state)).all() == ["booked"]
        assert len(session.scalars(select(Citizen.id)).all()) == 1


def told(answer, number):
    """An answer without what is fresh each time, and with the number under one name."""
    text = _FRESH.sub("", answer.get_data(as_text=True))
    masked = f"{number[:3]}{'*' * 13}{number[-2:]}"
    return answer.status_code, text.replace(number, "NUMBER").replace(masked, "MASKED")


def test_the_form_says_nothing_of_a_document_before_the_phone_is_verified(town, known):
    answers = set()
    for number in (NUMBER, UNKNOWN):
        stranger = town.phone()
        hold_first(stranger)
        form = stranger.form_with("下一步").fields
        typed = PERSON | {"number": number, "phone": "13900139000", "name": "张三", "agree": "1"}
        for path, extra in (("/booking/who", {"do": "next"}), ("/booking/who/draft", {})):
            answers.add((f"POST {path}", told(stranger.client.post(path, data=form | typed | extra), number)))
        for path in ("/booking/who", "/booking/check", "/my", "/my/account", "/my/data.json"):
            answers.add((path, told(stranger.client.get(path), number)))
        answers.add(("check", told(stranger.client.post("/booking/check", data=form), number)))
    assert len(answers) == len({path for path, _answer in answers})


@pytest.mark.parametrize(("phone", "shown"), [("13800138000", True), ("13900139000", False)])
def test_missed_visits_are_shown_to_the_phone_that_came_with_them_only(town, known, phone, shown):
    with town.parts.database.transaction() as session:
        row = session.scalars(select(Appointment)).one()
        row.state, row.starts_at = "no_show", NOW - timedelta(days=1)
    clock.set_demo(town.parts.settings.var / "clock.json", NOW + timedelta(minutes=2), 0.0)
    browser = town.phone()
    hold_first(browser)
    identify(town, browser, phone=phone)
    assert browser.path == "/booking/check"
    assert ("您已有 1 次爽约" in browser.words) is shown


def _booked_that_day(_row):
    """As `known` left it."""


def _suspended(row):
    row.state, row.starts_at = "no_show", NOW - timedelta(days=1)


@pytest.fixture(params=[_booked_that_day, _suspended])
def refused(request, town, known):
    """A document that cannot be booked for that day, for a reason that is its owner's business."""
    with town.parts.database.transaction() as session:
        row = session.scalars(select(Appointment)).one()
        request.param(row)
        session.execute(update(Hall).values(policy={"booking": {"no_show_limit": 1}}))
    clock.set_demo(town.parts.settings.var / "clock.json", NOW + timedelta(minutes=2), 0.0)
    return town


def test_the_page_tells_another_phone_nothing_of_a_document(refused):
    browser = refused.phone()
    hold_first(browser)
    identify(refused, browser, phone="13900139000", name="李四")
    assert browser.path == "/booking/check"
    browser.press("确认预约")
    assert browser.status == 409
    assert DocumentNotBookable.zh in browser.words
    for telling in ("当天已有", "爽约，网上预约暂停至", "您的网上预约暂停到", "欧阳", "未到场，网上预约暂停"):
        assert telling not in browser.words
    assert not any(label == "确认预约" for form in browser.page.forms for *_rest, label in form.buttons)
    assert "0000-5550100" in browser.words
    assert "请带证件原件到大厅，可以现场取号" in browser.words  # where the owner with a new phone is heard
    assert browser.go("/my").status == 200
    assert "没有到场，网上预约暂停" not in browser.words


def test_the_api_tells_another_phone_nothing_of_a_document(refused):
    client = refused.app.test_client()
    wish = {"hall": "city-hall", "services": [RENEWAL], "starts_at": build.at("09:00", TUESDAY).isoformat()}
    slots = client.get(f"/api/v1/halls/city-hall/availability?service={RENEWAL}&days=3").json["days"]
    wish["starts_at"] = next(slot["starts_at"] for day in slots for slot in day["slots"] if slot["free"])
    held = client.post("/api/v1/holds", json=wish | {"answers": {}})
    assert held.status_code == 201, held.json
    answers = {}
    for phone in ("13900139000", "13800138000"):
        assert client.post("/api/v1/phone-codes", json={"phone": phone}).status_code == 202
        proof = {"phone": phone, "code": refused.newest_code()}
        body = {
            "hold_token": held.json["token"],
            "phone_token": client.post("/api/v1/phone-codes/verify", json=proof).json["phone_token"],
            "name": "张三",
            "identity_kind": "resident_id",
            "identity_number": NUMBER,
        }
        for header in ({}, {"Idempotency-Key": f"key-of-{phone}"}):
            answer = client.post("/api/v1/appointments", json=body, headers=header)
            answers.setdefault(phone, set()).add(answer.json["code"])
    assert answers["13900139000"] == {"document_not_bookable"}
    assert answers["13800138000"] <= {"already_booked_that_day", "suspended_for_no_shows"}


def test_a_booking_shows_the_name_that_it_was_made_with_and_not_its_owners(town, known):
    town.slot("10:00", WEDNESDAY)
    stranger = town.phone()
    stranger.go(f"/services/{RENEWAL}/halls/city-hall?a={LOST}&day={WEDNESDAY.isoformat()}")
    first = stranger.form_with("下一步").offered["starts_at"][0]
    stranger.press("下一步", starts_at=first)
    identify(town, stranger, phone="13900139000", name="李四").press("确认预约")
    assert stranger.path.startswith("/b/"), stranger.words
    reference = stranger.path.removeprefix("/b/")
    for path in (f"/b/{reference}", f"/b/{reference}/slip", "/my", "/my/data", "/my/data.json"):
        answer = stranger.client.get(path)
        assert answer.status_code == 200, path
        assert "欧" not in answer.text.replace("欧元", ""), path
    assert "李*" in stranger.client.get(f"/b/{reference}").text
    with town.parts.database.transaction() as session:
        visit = session.scalars(select(Appointment).where(Appointment.reference == reference)).one()
        about = {"phone": "+8613900139000", "language": "zh", "subject": ("appointment", visit.id)}
        plan(session, "booked", event_key="k", hall_id=visit.hall_id, now=NOW, **about)
        message = session.scalars(select(Message).where(Message.subject_id == visit.id)).one()
        text = render(session, message, wording=Wording("【云州政务】", "https://youhao.test"), now=NOW)
        assert "李四" in str(text)
        assert "欧阳" not in str(text)


def test_the_api_says_nothing_of_a_document_before_the_phone_is_verified(town, known):
    client, answers = town.app.test_client(), set()
    for number in (NUMBER, UNKNOWN):
        person = {"name": "张三", "identity_kind": "resident_id", "identity_number": number}
        for path, body in (
            ("/appointments", person | {"hold_token": "x" * 32, "phone_token": "x"}),
            ("/saved-persons", person | {"phone_token": "x"}),
        ):
            answers.add((path, told(client.post(f"/api/v1{path}", json=body), number)))
    assert len(answers) == 2
    assert {status for _path, (status, _text) in answers} == {401}


def test_nor_after_it_where_somebody_asks_or_appeals(town, known):
    """A verified phone of somebody else; what is left is the last button of booking, see docs/fairness.md."""
    client, answers = town.app.test_client(), set()
    assert client.post("/api/v1/phone-codes", json={"phone": "13900139000"}).status_code == 202
    proof = {"phone": "13900139000", "code": town.newest_code()}
    token = client.post("/api/v1/phone-codes/verify", json=proof).json["phone_token"]
    request = {"hall": "city-hall", "services": [RENEWAL], "kind": "urgent", "wanted_on": TUESDAY.isoformat()}
    for number in (NUMBER, UNKNOWN):
        person = {"identity_kind": "resident_id", "identity_number": number, "phone_token": token}
        for path, body in (
            ("/special-requests", request | {"name": "张三", "reason": "明天出国"}),
            ("/document-appeals", {"hall": "city-hall", "reason": "不是我约的"}),
        ):
            for again in range(2):
                told_now = client.post(f"/api/v1{path}", json=body | person)
                fresh = {"reference", "asked_at", "identity_number"}
                said = {name: text for name, text in told_now.json.items() if name not in fresh}
                answers.add((path, again, told_now.status_code, str(sorted(said.items()))))
    assert {status for _path, nth, status, _said in answers if not nth} == {201}
    assert len(answers) == 4, answers


def test_nor_where_somebody_is_kept_for_later(town, known):
    """Whom a phone keeps is its own list: a document with a booking is kept as any other."""
    answers = set()
    for minutes, number in ((2, NUMBER), (4, UNKNOWN)):
        browser = town.phone()
        clock.set_demo(town.parts.settings.var / "clock.json", NOW + timedelta(minutes=minutes), 0.0)
        browser.go("/verify?next=/my/account").press("获取验证码", phone="13900139000")
        browser.press("下一步", code=town.newest_code())
        typed = {"name": "张三", "number": number, "relation": "other", "agree": "1"}
        browser.press("保存这位办事人", **typed)
        answers.add((browser.status, browser.words.replace(mask(number), "MASKED")))
        browser.press("删除 张*")
    assert len(answers) == 1, answers


def test_every_operation_that_takes_a_document_asks_for_a_proof_first(town):
    """Whoever adds an operation with a document in it is stopped here, not by the first abuse."""
    document = town.app.test_client().get("/api/v1/openapi.json").json
    unproven = [
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if isinstance(operation, dict) and _takes_a_document(document, operation)
        if not operation.get("security")
        and "phone_token" not in _body(document, operation).get("required", ())
    ]
    assert unproven == []


def _body(document, operation):
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = content.get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"].get(name, schema)


def _takes_a_document(document, operation):
    names = {
        *_body(document, operation).get("properties", {}),
        *(p.get("name") for p in operation.get("parameters", ())),
    }
    return any(name and "identity" in name for name in names)


def test_no_page_takes_a_document_in_its_address(town):
    taking = [
        rule.rule for rule in town.app.url_map.iter_rules() if re.search("identity|id_number", rule.rule)
    ]
    assert taking == []
