"""Saved persons and posting by the API."""

import pytest
from sqlalchemy import select, update

from booking.delivery import delivery_of
from booking.models import Appointment
from catalog.models import Service
from people.sample_ids import sample_resident_id
from tests.web.api.town import Town

PERSON = {"name": "张三丰", "identity_kind": "resident_id", "identity_number": sample_resident_id(3)}
HOME = {"receiver": "张三丰", "phone": "13800138000", "address": "云州市安民路 8 号"}


@pytest.fixture
def token(town: Town) -> str:
    return town.phone_token()


def saved(town, token):
    answer = town.post("/saved-persons", PERSON | {"phone_token": token})
    assert answer.status_code == 201
    return answer.json


def test_a_person_is_kept_listed_masked_and_removed(town, token):
    person = saved(town, token)
    assert (person["name"], person["relation"]) == ("张**", "self")
    assert PERSON["identity_number"] not in town.post("/saved-persons/list", {"phone_token": token}).text
    other = town.phone_token("13900139000")
    assert town.post("/saved-persons/list", {"phone_token": other}).json == []
    path = f"/saved-persons/{person['reference']}/remove"
    assert town.post(path, {"phone_token": other}).status_code == 204
    assert len(town.post("/saved-persons/list", {"phone_token": token}).json) == 1
    assert town.post(path, {"phone_token": token}).status_code == 204
    assert town.post("/saved-persons/list", {"phone_token": token}).json == []


def test_without_a_verified_phone_nothing_is_told(town, token):
    saved(town, token)
    for proof in ("x", token[:-3] + "AAA"):
        answer = town.post("/saved-persons/list", {"phone_token": proof})
        assert (answer.status_code, answer.json["code"]) == (401, "phone_not_verified")


def test_books_for_a_saved_person_by_reference(town, token):
    person = saved(town, token)
    body = {
        "hold_token": town.hold().json["token"],
        "saved_person": person["reference"],
        "phone_token": token,
    }
    assert town.post("/appointments", body | {"name": "李四"}).status_code == 422
    other = town.phone_token("13900139000")
    assert town.post("/appointments", body | {"phone_token": other}).json["code"] == "saved_person_unknown"
    assert town.post("/appointments", body).status_code == 201


def test_somebody_must_be_named(town, token):
    body = {"hold_token": town.hold().json["token"], "phone_token": token}
    assert town.post("/appointments", body).status_code == 422
    assert town.post("/appointments", body | {"name": "李四"}).status_code == 422


def test_the_result_is_posted_where_the_service_allows_it(town):
    body = town.book_body(1, delivery=HOME)
    refused = town.post("/appointments", body)
    assert (refused.status_code, refused.json["code"]) == (422, "cannot_be_posted")
    with town.parts.database.transaction() as session:
        session.execute(update(Service).values(by_post=True))
    assert town.get("/services/id-card").json["by_post"] is True
    answer = town.post("/appointments", body)
    assert answer.status_code == 201
    assert "安民路" not in answer.text.replace(answer.json["hall_zh"], "")
    with town.parts.database.transaction() as session:
        assert delivery_of(session.scalars(select(Appointment)).one()).receiver == "张三丰"
