"""What is read and told by hand in a crowd is what the schemas read and tell."""

import json
from datetime import timedelta

import pytest
from marshmallow import ValidationError

from people.sample_ids import sample_resident_id
from tests import build
from web import bare
from web.api import plain
from web.api.appointments import APPOINTMENT
from web.api.holds import HELD
from web.api.schemas.booking import BookSchema, HoldSchema

REFERENCE = "q0J3hK2mSxW8nR5tYb1cDA"
HOLD = {"hall": "city-hall", "services": ["id-card"], "starts_at": "2026-03-03T02:00:00+00:00"}
BOOK = {
    "hold_token": REFERENCE,
    "name": "张三",
    "identity_kind": "resident_id",
    "identity_number": sample_resident_id(1),
    "phone_token": "x" * 60,
}
ODD = [
    "",
    " ",
    "\u3000",
    "a\x00b",
    "\ud800",
    "x" * 500,
    5,
    5.0,
    None,
    True,
    [],
    {},
    ["a"],
    "a b",
    "-a",
    "2026",
]
TIMES = [
    "2026-03-03T10:00:00+08:00",
    "2026-03-03T02:00:00Z",
    "2026-03-03T02:00:00",
    "2026-03-03",
    "2026-02-30T02:00:00+00:00",
    "2026-13-03T02:00:00+00:00",
    "2026-03-03T24:00:00+00:00",
    "2026-03-03T02:00:60+00:00",
    "2026-03-03T02:00:00+24:00",
    "2099-12-31T23:59:59-23:59",
    "1999-03-03T02:00:00+00:00",
]
READERS = [(plain.plain_hold, HoldSchema, HOLD), (plain.plain_booking, BookSchema, BOOK)]


def read_by_hand(town, reader, body):
    with town.app.test_request_context("/", method="POST", data=body, content_type="application/json"):
        return reader()


def changed(body):
    yield body
    yield {**body, "more": 1}
    for name in body:
        yield {key: value for key, value in body.items() if key != name}
        for odd in ODD:
            yield {**body, name: odd}


@pytest.mark.parametrize(("reader", "schema", "body"), READERS)
def test_a_plain_body_is_read_as_the_schema_reads_it(town, reader, schema, body):
    assert read_by_hand(town, reader, json.dumps(body)) == schema().load(body)


@pytest.mark.parametrize(("reader", "schema", "body"), READERS)
def test_nothing_is_read_that_the_schema_refuses(town, reader, schema, body):
    times = [{**HOLD, "starts_at": each} for each in TIMES] if body is HOLD else []
    for each in [*changed(body), *times]:
        found = read_by_hand(town, reader, json.dumps(each))
        if found is None:
            continue
        try:
            assert found == schema().load(each)
        except ValidationError as error:
            pytest.fail(f"{each}: {error}")


@pytest.mark.parametrize("body", ["", "[]", "null", '"x"', "{", "[" * 1900, '{"hall": NaN}', "\xff"])
def test_what_is_no_object_is_left_to_the_schema(town, body):
    assert read_by_hand(town, plain.plain_hold, body) is None


def in_hall(schema):
    return [name for name in schema.fields if name not in ("place_zh", "place_en")]


def test_both_ways_answer_alike(town):
    """The first hold and every request with a key go the ordinary way."""
    slow, fast = town.hold("09:30"), town.hold("10:00")
    assert list(slow.json) == list(fast.json) == in_hall(HELD)
    own = {"token": "", "reference": "", "code": "", "starts_at": "", "ends_at": ""}
    assert slow.json | own == fast.json | own
    assert fast.json["starts_at"] == "2026-03-03T02:00:00+00:00"
    asked = [town.book_body(seed, clock_time=f"{seed + 10}:00") for seed in (1, 2)]
    one = town.post("/appointments", asked[0], Idempotency_Key="one")
    other = town.post("/appointments", asked[1])
    assert list(one.json) == list(other.json) == in_hall(APPOINTMENT)
    assert one.json | own == other.json | own
    for first, second in ((slow, fast), (one, other)):
        assert dict(first.headers) | {"Content-Length": ""} == dict(second.headers) | {"Content-Length": ""}
    assert town.get(f"/appointments/{other.json['reference']}").json == other.json


def test_a_bare_answer_carries_the_headers_of_every_answer(town):
    every, short = town.get("/services").headers, town.hold().headers
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options",
                 "Permissions-Policy", "Cache-Control"):  # fmt: skip
        assert short.getlist(name) == every.getlist(name)
        assert len(short.getlist(name)) == 1


def test_a_refusal_of_a_bare_view_is_a_problem_with_the_same_headers(town):
    refused = town.hold(starts_at=(build.at("10:00") - timedelta(days=3)).isoformat())
    assert refused.content_type == "application/problem+json"
    assert refused.headers["X-Frame-Options"] == "DENY"


def test_holds_and_bookings_are_found_by_their_address_alone(town):
    assert {("POST", "/api/v1/holds"), ("POST", "/api/v1/appointments")} <= set(town.app._known)


def test_a_bare_address_with_variable_parts_is_matched_once_and_taken_for_no_other(town, monkeypatch):
    monkeypatch.setattr(town.app, "_known", {})
    town.issue()
    counters = f"/halls/{town.hall}/counters"
    town.post(f"{counters}/1/open", who="officer")
    answers = [town.post(f"{counters}/{number}/call-next", who="officer") for number in (1, 2, 1, 2)]
    told = [answer.json.get("code") for answer in answers]
    assert told == [None, "counter_not_open", "counter_busy", "counter_not_open"]
    assert set(answers[1].headers.keys()) == set(answers[2].headers.keys())
    assert town.app._known["POST", f"/api/v1{counters}/1/call-next"][1] == {"code": town.hall, "number": 1}


def test_addresses_that_are_refused_are_not_remembered(town, monkeypatch):
    monkeypatch.setattr(town.app, "_known", {})
    paths = [f"/halls/{town.hall}/counters/1/call-next", "/halls/made-up/counters/7/call-next"]
    told = [town.post(path, who=who).status_code for path in paths for who in ("", "officer")]
    assert all(status >= 400 for status in told)
    assert town.app._known == {}


def test_only_so_many_addresses_are_remembered(town, monkeypatch):
    monkeypatch.setattr(town.app, "_known", {})
    monkeypatch.setattr(bare, "_MOST_KNOWN", 0)
    town.issue()
    town.post(f"/halls/{town.hall}/counters/1/open", who="officer")
    path = f"/halls/{town.hall}/counters/1/call-next"
    assert town.post(path, who="officer").status_code == 200
    assert town.app._known == {}


@pytest.mark.parametrize("method", ["get", "put", "options", "head"])
def test_other_methods_of_a_bare_address_are_answered_as_everywhere(town, method):
    answer = getattr(town.app.test_client(), method)("/api/v1/holds")
    assert answer.status_code == (200 if method == "options" else 405)
    assert "POST" in answer.headers["Allow"]


def test_a_crash_in_a_bare_view_is_a_problem_that_tells_nothing(town, monkeypatch):
    def crash():
        raise RuntimeError("张三")

    endpoint = town.app._known["POST", "/api/v1/holds"][0].endpoint
    monkeypatch.setitem(town.app._bare, endpoint, crash)
    answer = town.hold()
    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert "张三" not in answer.text
    assert answer.headers["X-Frame-Options"] == "DENY"
