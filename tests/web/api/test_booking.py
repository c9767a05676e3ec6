import time
from datetime import timedelta

from booking import idempotency
from booking.undo_cancel import end_undos
from kernel import clock
from people.sample_ids import sample_resident_id
from tests import build
from tests.web.api.town import hold_body


def _availability(town):
    answer = town.get(f"/halls/{town.hall}/availability?service=id-card&days=3")
    assert answer.status_code == 200
    return {day["on"]: day for day in answer.json["days"]}


def _is_soon(town, free):
    """What is told may be most of a second old, and never a whole one."""
    until = time.monotonic() + 1.0
    while (asked := time.monotonic()) and (told := _availability(town)["2026-03-03"]["free"]) != free:
        assert asked < until, told
    return True


def test_says_which_times_are_free_before_anybody_signs_in(town):
    days = _availability(town)
    tomorrow = days["2026-03-03"]
    assert len(days) == 3
    assert tomorrow["free"] == sum(slot["free"] for slot in tomorrow["slots"]) > 0
    assert tomorrow["slots"][0]["starts_at"] == "2026-03-03T01:00:00+00:00"


def test_compares_halls_by_their_first_free_time(town):
    (row,) = town.get("/availability?service=id-card").json["halls"]
    assert row["hall"] == town.hall
    assert row["first_starts_at"] == "2026-03-02T02:00:00+00:00"  # half an hour ahead, not sooner


def test_a_hold_takes_its_numbers_out_of_what_is_free(town):
    before = _availability(town)["2026-03-03"]["free"]
    held = town.hold()
    assert held.status_code == 201
    assert held.json["held_until"] == build.at("09:33").isoformat()  # nobody stands for it yet
    assert _is_soon(town, before - 1)
    assert town.call("DELETE", f"/holds/{held.json['token']}").status_code == 204
    assert _is_soon(town, before)


def test_a_full_slot_answers_with_the_nearest_alternatives(town):
    free = next(
        s for s in _availability(town)["2026-03-03"]["slots"] if s["starts_at"].endswith("02:00:00+00:00")
    )
    for _ in range(free["free"]):
        assert town.hold().status_code == 201
    refused = town.hold()
    assert (refused.status_code, refused.json["code"]) == (409, "slot_full")
    assert refused.content_type == "application/problem+json"
    nearest = {each["starts_at"] for each in refused.json["alternatives"]}
    assert nearest & {"2026-03-03T01:30:00+00:00", "2026-03-03T02:30:00+00:00"}


def test_books_what_a_hold_keeps_and_shows_it_to_who_knows_the_reference(town):
    booked = town.book()
    assert (booked["state"], booked["hall"], booked["services"]) == ("booked", town.hall, ["id-card"])
    assert len(booked["reference"]) == 22
    assert town.get(f"/appointments/{booked['reference']}").json == booked
    assert "张三" not in str(booked)


def test_a_token_that_has_booked_books_nothing_more(town):
    body = town.book_body()
    first, second = town.post("/appointments", body), town.post("/appointments", body)
    assert first.json == second.json


def test_one_person_has_one_appointment_of_a_line_a_day(town):
    town.book(1)
    again = town.book_body(2, clock_time="11:00", identity_number=sample_resident_id(1))
    refused = town.post("/appointments", again)
    assert (refused.status_code, refused.json["code"]) == (409, "document_not_bookable")  # another phone


def test_refuses_to_book_without_a_verified_phone(town):
    refused = town.post("/appointments", town.book_body(phone_token="forged"))
    assert (refused.status_code, refused.json["code"]) == (401, "phone_not_verified")


def test_a_wrong_code_counts_and_five_of_them_end_it(town):
    town.post("/phone-codes", {"phone": "13800138000"})
    codes = [
        town.post("/phone-codes/verify", {"phone": "138 0013 8000", "code": "000000"}).json["code"]
        for _ in range(6)
    ]
    assert codes == ["phone_code_wrong"] * 5 + ["phone_code_exhausted"]


def test_a_second_code_within_a_minute_is_refused_with_the_time_to_wait(town):
    town.post("/phone-codes", {"phone": "13800138000"})
    refused = town.post("/phone-codes", {"phone": "13800138000"})
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_phone_codes")
    assert refused.headers["Retry-After"] == str(refused.json["wait_seconds"])


def test_a_cancelled_appointment_can_be_taken_back_and_then_stays_cancelled(town):
    reference = town.book()["reference"]
    assert town.post(f"/appointments/{reference}/cancel").json["state"] == "cancelled"
    again = town.post(f"/appointments/{reference}/cancel").json
    assert again["state"] == "cancelled"
    assert again["undo_until"] == town.get(f"/appointments/{reference}").json["undo_until"] is not None
    for _ in range(2):
        back = town.post(f"/appointments/{reference}/undo-cancel")
        assert (back.status_code, back.json["state"], back.json["undo_until"]) == (200, "booked", None)
    assert town.post(f"/appointments/{reference}/cancel").json["undo_until"] is not None
    with town.parts.database.transaction() as session:
        end_undos(session, now=clock.now() + timedelta(minutes=3))
    late = town.post(f"/appointments/{reference}/undo-cancel")
    assert (late.status_code, late.json["code"]) == (409, "cancellation_final")


def test_moves_an_appointment_and_keeps_its_reference(town):
    booked = town.book()
    held = town.hold("11:00").json
    moved = town.post(f"/appointments/{booked['reference']}/reschedule", {"hold_token": held["token"]})
    assert moved.status_code == 200
    assert moved.json["reference"] == booked["reference"]
    assert moved.json["starts_at"] == build.at("11:00", build.TODAY + timedelta(days=1)).isoformat()


def test_an_unknown_reference_is_not_found(town):
    refused = town.get("/appointments/AAAAAAAAAAAAAAAAAAAAAA")
    assert (refused.status_code, refused.json["code"]) == (404, "appointment_unknown")


class TestAnsweringOnce:
    def test_the_same_key_and_body_get_the_first_answer(self, town):
        body = town.book_body()
        first = town.post("/appointments", body, Idempotency_Key="one")
        second = town.post("/appointments", body, Idempotency_Key="one")
        assert (second.status_code, second.data) == (201, first.data)
        assert second.headers["Idempotency-Replayed"] == "true"
        assert town.counts()["appointment"] == 1

    def test_a_hold_with_the_same_key_is_one_hold(self, town):
        first = town.post("/holds", hold_body(), Idempotency_Key="h")
        second = town.post("/holds", hold_body(), Idempotency_Key="h")
        assert first.json["token"] == second.json["token"]
        assert town.counts()["draft"] == 1

    def test_another_body_under_the_same_key_is_refused(self, town):
        town.post("/holds", hold_body(), Idempotency_Key="k")
        refused = town.post("/holds", hold_body("11:00"), Idempotency_Key="k")
        assert (refused.status_code, refused.json["code"]) == (422, "idempotency_key_reused")

    def test_a_request_in_progress_is_told_to_wait(self, town):
        with town.parts.database.transaction() as session:
            idempotency.begin(
                session, "busy", "citizen None POST /api/v1/holds", b"", real_now=clock.real_now()
            )
            refused = town.post("/holds", hold_body(), Idempotency_Key="busy")
        assert (refused.status_code, refused.json["code"]) == (409, "request_in_progress")

    def test_a_refusal_is_not_kept(self, town):
        body = town.book_body(phone_token="forged")
        assert town.post("/appointments", body, Idempotency_Key="r").status_code == 401
        again = body | {"phone_token": town.phone_token("13700137000")}
        assert town.post("/appointments", again, Idempotency_Key="r").status_code == 201

    def test_a_key_with_strange_characters_is_refused(self, town):
        refused = town.post("/holds", hold_body(), Idempotency_Key="a b")
        assert (refused.status_code, refused.json["code"]) == (422, "idempotency_key_malformed")
