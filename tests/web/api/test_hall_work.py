from datetime import timedelta

import pytest
from sqlalchemy import delete

from bench.statements import counted
from booking.models import IdempotencyKey
from tests import build
from tests.web.api.town import hall_body


def _open(town, number=1):
    answer = town.post(f"/halls/{town.hall}/counters/{number}/open", who="officer")
    assert answer.status_code == 200, answer.text
    return answer.json


def _call(town, number=1, **headers):
    answer = town.post(f"/halls/{town.hall}/counters/{number}/call-next", who="officer", **headers)
    assert answer.status_code == 200, answer.text
    return answer.json


def _step(town, ticket, step, body=None):
    return town.post(f"/halls/{town.hall}/tickets/{ticket['label']}/{step}", body, who="officer")


def test_a_walk_in_is_served_and_rates_the_visit(town):
    ticket = town.issue()
    assert (ticket["label"], ticket["state"], ticket["ahead"]) == ("A001", "waiting", 0)
    assert ticket["latest_at"] is not None
    _open(town)
    called = _call(town)
    assert called["ticket"]["label"] == ticket["label"]
    assert called["reason_zh"].startswith("现场号")
    assert town.get(f"/halls/{town.hall}/board").json["calls"][0]["label"] == "A001"
    assert _step(town, ticket, "recall").status_code == 200
    assert _step(town, ticket, "start").json["state"] == "serving"
    assert _step(town, ticket, "complete").json["state"] == "completed"
    town.run_events()
    survey = town.get(f"/tickets/{ticket['reference']}").json["survey"]
    assert town.get(f"/surveys/{survey}").json["rated"] is False
    rated = town.post("/ratings", {"survey": survey, "grade": 2, "reasons": ["waited_long"], "comment": "😀"})
    assert (rated.status_code, rated.json["grade"]) == (201, 2)
    again = town.post("/ratings", {"survey": survey, "grade": 5})
    assert (again.status_code, again.json["code"]) == (409, "already_rated")
    assert town.get(f"/surveys/{survey}").json["rated"] is True


def test_who_wants_no_sound_is_marked_so_on_the_board(town):
    for silent in (True, False):
        body = {"group": "A", "silent": silent}
        answer = town.post(
            f"/halls/{town.hall}/tickets", body, who="kiosk", Idempotency_Key=f"silent-{silent}"
        )
        assert answer.status_code == 201, answer.text
    _open(town)
    first = _call(town)["ticket"]
    for step in ("start", "complete"):
        assert _step(town, first, step).status_code == 200
    _call(town)
    calls = town.get(f"/halls/{town.hall}/board").json["calls"]
    assert {call["label"]: call["silent"] for call in calls} == {"A001": True, "A002": False}


@pytest.mark.parametrize("step", ["start", "transfer"])
def test_a_number_that_nobody_has_today_is_not_found(town, step):
    ticket = town.issue()
    body = {"group": "B"} if step == "transfer" else None
    for hall, label in ((town.hall, "A002"), (town.hall, "B001"), ("nowhere", "A001")):
        refused = town.post(f"/halls/{hall}/tickets/{label}/{step}", body, who="admin")
        assert (refused.status_code, refused.json["code"]) == (
            404,
            "hall_unknown" if hall == "nowhere" else "ticket_unknown",
        )
    town.set_clock(build.at("09:00", build.TODAY + timedelta(days=1)))
    refused = _step(town, ticket, step, body)
    assert (refused.status_code, refused.json["code"]) == (404, "ticket_unknown")


def test_a_number_means_the_ticket_of_that_hall_on_that_day(town):
    yesterdays = town.issue()
    town.put("/halls/other", hall_body(), who="admin")
    town.set_clock(build.at("09:00", build.TODAY + timedelta(days=1)))
    here = town.issue()
    there = town.post("/halls/other/tickets", {"group": "A"}, who="admin").json
    assert {ticket["label"] for ticket in (yesterdays, here, there)} == {"A001"}
    assert _step(town, here, "abandon").json["hall"] == town.hall
    states = [town.get(f"/tickets/{ticket['reference']}").json["state"] for ticket in (yesterdays, here)]
    assert states == ["waiting", "abandoned"]
    left = town.post("/halls/other/tickets/A001/abandon", who="admin").json
    assert (left["hall"], left["state"]) == ("other", "abandoned")


def test_who_booked_checks_in_by_reference_code_or_document_and_gets_one_ticket(town):
    body = town.book_body(1)
    booked = town.post("/appointments", body).json
    town.set_clock(build.at("09:50", build.TODAY + timedelta(days=1)))
    keys = (
        {"reference": booked["reference"]},
        {"code": booked["code"]},
        {"identity": body["identity_number"]},
    )
    answers = [town.post(f"/halls/{town.hall}/check-ins", key, who="kiosk") for key in keys]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.json["reference"] for answer in answers}) == 1
    assert answers[0].json["track"] == "booked"
    assert town.get(f"/appointments/{booked['reference']}").json["ticket"] == answers[0].json["reference"]


def test_a_check_in_names_exactly_one_thing(town):
    for body in ({}, {"code": "123456", "reference": "A" * 22}):
        assert town.post(f"/halls/{town.hall}/check-ins", body, who="kiosk").status_code == 422


def test_the_same_press_gets_the_same_ticket(town):
    first, second = town.issue(press_id="p1"), town.issue(press_id="p1")
    assert first["reference"] == second["reference"]
    keyed = [
        town.post(f"/halls/{town.hall}/tickets", {"group": "A"}, who="kiosk", Idempotency_Key="p2").json
        for _ in range(2)
    ]
    assert keyed[0]["reference"] == keyed[1]["reference"]


def test_the_same_press_calls_the_same_ticket(town):
    town.issue()
    town.issue()
    _open(town)
    first, second = (_call(town, Idempotency_Key="call-1")["ticket"]["label"] for _ in range(2))
    assert first == second == "A001"


def test_a_key_belongs_to_who_sends_it(town):
    path = f"/halls/{town.hall}/tickets"
    both = [
        town.post(path, {"group": "A"}, who=who, Idempotency_Key="same").json for who in ("kiosk", "admin")
    ]
    assert [each["label"] for each in both] == ["A001", "A002"]
    pressed = [town.post(path, {"group": "A", "press_id": "p"}, who=who).json for who in ("kiosk", "admin")]
    assert [each["label"] for each in pressed] == ["A003", "A004"]
    town.post(f"/halls/{town.hall}/counters/2/open", who="admin")
    _open(town)
    called = [
        town.post(f"/halls/{town.hall}/counters/{number}/call-next", who=who, Idempotency_Key="enter").json
        for number, who in ((1, "officer"), (2, "admin"))
    ]
    assert [each["ticket"]["label"] for each in called] == ["A001", "A002"]


def test_a_key_that_comes_with_another_body_is_refused(town):
    path = f"/halls/{town.hall}/tickets"
    first = town.post(path, {"group": "A"}, who="kiosk", Idempotency_Key="k")
    refused = town.post(path, {"group": "A", "services": ["id-card"]}, who="kiosk", Idempotency_Key="k")
    assert (refused.status_code, refused.json["code"]) == (422, "idempotency_key_reused")
    again = town.post(path, {"group": "A"}, who="kiosk", Idempotency_Key="k")
    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_call_at_once_is_told_in_the_bytes_of_the_schema(town):
    """Once the answer of a press is forgotten, the press gets the same call again, written by the schema."""
    ticket = town.issue()
    _open(town)
    path = f"/halls/{town.hall}/counters/1/call-next"
    at_once = town.post(path, who="officer", Idempotency_Key="k")
    assert at_once.json["ticket"]["label"] == ticket["label"]
    with town.parts.database.transaction() as session:
        session.execute(delete(IdempotencyKey))
    by_schema = town.post(path, who="officer", Idempotency_Key="k")
    assert "Idempotency-Replayed" not in by_schema.headers
    assert at_once.data == by_schema.data
    told = ("Content-Type", "Content-Security-Policy", "X-Content-Type-Options", "Cache-Control")
    assert [at_once.headers.get(name) for name in told] == [by_schema.headers.get(name) for name in told]


@pytest.mark.parametrize(("key", "statements"), [({}, 4), ({"Idempotency_Key": "k"}, 7)])
def test_a_plain_call_goes_past_the_session_with_a_key_and_without(town, key, statements):
    town.issue()
    _open(town)
    with counted(town.parts.database) as found:
        assert _call(town, **key)["ticket"]["label"] == "A001"
    assert len(found) == statements
    if key:
        with counted(town.parts.database) as found:
            assert _call(town, **key)["ticket"]["label"] == "A001"
        assert len(found) == 3  # the token, the lock of the key, and what it was answered


def test_nobody_waiting_is_no_error(town):
    _open(town)
    assert _call(town) == {"ticket": None, "reason_zh": None, "reason_en": None}


def test_a_counter_opens_pauses_resumes_and_closes(town):
    assert _open(town)["state"] == "open"
    path = f"/halls/{town.hall}/counters"
    assert town.post(f"{path}/1/pause", {"reason": "meal"}, who="officer").json["pause_reason"] == "meal"
    refused = town.post(f"{path}/1/call-next", who="officer")
    assert (refused.status_code, refused.json["code"]) == (409, "counter_paused")
    assert town.post(f"{path}/1/resume", who="officer").json["state"] == "open"
    states = [each["state"] for each in town.get(path, who="officer").json["counters"]]
    assert states == ["open", "closed"]
    assert town.post(f"{path}/1/close", who="officer").json["state"] == "closed"


def test_the_list_of_counters_shows_the_ticket_at_each(town):
    town.issue()
    _open(town)
    _call(town)
    first, second = town.get(f"/halls/{town.hall}/counters", who="officer").json["counters"]
    assert (first["ticket"]["label"], first["ticket"]["state"]) == ("A001", "called")
    assert second["ticket"] is None


def test_a_ticket_may_be_missed_taken_back_parked_and_passed_on(town):
    ticket = town.issue()
    _open(town)
    _call(town)
    assert _step(town, ticket, "undo").json["state"] == "waiting"
    _call(town)
    assert _step(town, ticket, "absent").json["state"] == "absent"
    assert _step(town, ticket, "reinstate").json["state"] == "waiting"
    assert _call(town)["ticket"]["label"] == "A001"
    _step(town, ticket, "start")
    assert _step(town, ticket, "park").json["state"] == "parked"
    assert _step(town, ticket, "resume").json["state"] == "serving"
    passed = _step(town, ticket, "transfer", {"group": "B"}).json
    assert (passed["group"], passed["label"], passed["state"]) == ("B", "A001", "waiting")
    assert _step(town, ticket, "abandon").json["state"] == "abandoned"


def test_who_has_no_token_or_not_the_permission_is_refused(town):
    path = f"/halls/{town.hall}/tickets"
    assert town.post(path, {"group": "A"}).json["code"] == "unauthenticated"
    refused = town.post(path, {"group": "A"}, who="desk")
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
    assert town.post(path, {"group": "A"}, Authorization="Bearer nonsense").status_code == 401


def test_who_works_in_another_hall_is_refused(town):
    town.put("/halls/other", hall_body(), who="admin")
    refused = town.post("/halls/other/tickets", {"group": "A"}, who="kiosk")
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")


def test_names_a_service_that_is_not_there(town):
    refused = town.post(f"/halls/{town.hall}/tickets", {"group": "A", "services": ["nothing"]}, who="kiosk")
    assert (refused.status_code, refused.json["code"]) == (404, "service_unknown")


def test_a_full_day_is_told_with_times_that_can_be_booked(town):
    town.set_clock(build.at("16:59"))
    refused = town.post(f"/halls/{town.hall}/tickets", {"group": "A"}, who="kiosk")
    assert (refused.status_code, refused.json["code"]) == (409, "walk_ins_stopped")
    assert refused.json["alternatives"]


def test_the_board_counts_who_waits(town):
    town.issue()
    board = town.get(f"/halls/{town.hall}/board").json
    assert [line["count"] for line in board["waiting"]] == [1, 0]
