from dataclasses import replace

import pytest

from queueing.queries import get_ticket
from tests import build
from tests.web.apps import app_for


def test_the_clock_is_read_by_anybody_and_set_by_who_may(town):
    assert town.get("/clock").json == {"now": build.at("09:30").isoformat(), "rate": 0.0, "demo": True}
    body = {"now": "2026-03-02T14:00:00+08:00", "rate": 120}
    assert town.put("/clock", body, who="officer").status_code == 403
    told = town.put("/clock", body, who="admin").json
    assert told == {"now": "2026-03-02T06:00:00+00:00", "rate": 120.0, "demo": True}
    assert town.get("/clock").json["now"] >= told["now"]


@pytest.mark.parametrize("now", ["2026-03-02T14:00:00", "yesterday", "1700-01-01T00:00:00Z", 5, None])
def test_the_clock_refuses_what_is_no_instant(town, now):
    assert town.put("/clock", {"now": now, "rate": 1}, who="admin").status_code == 422


def test_real_time_and_real_phones_are_not_played_with(town):
    real = replace(town.parts, settings=replace(town.parts.settings, env="production"))
    town.app = app_for(real)
    refused = town.put("/clock", {"now": "2026-03-02T14:00:00+08:00", "rate": 1}, who="admin")
    assert (refused.status_code, refused.json["code"]) == (403, "demonstration_only")
    for method, path, body in (
        ("GET", "/simulator/messages", None),
        ("POST", "/simulator/conversation", {"phone": "13800138000"}),
        ("POST", "/simulator/replies", {"phone": "13800138000", "text": "5"}),
    ):
        assert town.call(method, path, body, who="admin").json["code"] == "demonstration_only"


def test_the_deep_check_finds_nothing_wrong_and_counts(town):
    town.book()
    town.issue()
    town.run_events()
    findings = town.post("/doctor", {"hall": "city-hall"}, who="admin").json
    assert findings["violations"] == []
    assert findings["counts"]["appointments"] == {"booked": 1}
    assert findings["counts"]["tickets"] == {"waiting": 1}


def test_the_deep_check_names_a_broken_promise(town):
    reference = town.issue()["reference"]
    with town.parts.database.transaction() as session:
        get_ticket(session, reference).ordinal = 7
    findings = town.post("/doctor", {}, who="admin").json
    assert findings["violations"] != []


def test_an_sms_is_answered_as_its_owner_would(town):
    town.post("/phone-codes", {"phone": "13800138000"})
    town.run_events()
    (message,) = town.get("/simulator/messages", who="admin").json["messages"]
    assert message["phone"] == "+8613800138000"
    assert town.get(f"/simulator/messages?after={message['id']}", who="admin").json["messages"] == []
    assert (
        town.post("/simulator/replies", {"phone": "13800138000", "text": "5"}, who="admin").status_code == 202
    )
    talk = town.post("/simulator/conversation", {"phone": "138 0013 8000"}, who="admin").json["messages"]
    assert [bubble["from_citizen"] for bubble in talk] == [False, True]
