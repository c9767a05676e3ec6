"""Answers of the API say where a mobile session is held, and nothing where a time is in the hall."""

from datetime import timedelta

from sqlalchemy import select, update

from booking.models import Draft, Slot, WaitlistEntry
from halls.models import ServiceGroup
from queueing.models import Ticket
from tests import build
from tests.web.api.test_exceptions import fill_up, wait_body
from tests.web.api.town import hold_body
from web.api.appointments import APPOINTMENT
from web.api.holds import HELD

VILLAGE = {"place_zh": "东岭村村委会", "place_en": "Dongling village office"}
TOMORROW = "2026-03-03"


def in_village(town):
    """All times of line A."""
    with town.parts.database.transaction() as session:
        line = select(ServiceGroup.id).where(ServiceGroup.code == "A").scalar_subquery()
        told = update(Slot).where(Slot.group_id == line)
        assert session.execute(told.values(VILLAGE)).rowcount


def place_of(answer):
    return {name: answer[name] for name in VILLAGE if name in answer}


def test_free_times_and_bookings_name_the_village(town):
    (day,) = town.get(f"/halls/city-hall/availability?service=id-card&from={TOMORROW}&days=1").json["days"]
    assert place_of(day["slots"][0]) == {}
    assert place_of(town.book(1)) == {}
    in_village(town)
    path = (
        f"/halls/city-hall/availability?service=id-card&from={TOMORROW}&days=2"  # asked anew, not remembered
    )
    day, _ = town.get(path).json["days"]
    assert place_of(day["slots"][0]) == VILLAGE
    (slot, *_) = town.get("/services/id-card/first-available").json["slots"]
    assert place_of(slot) == VILLAGE
    first = town.get("/availability?service=id-card").json["halls"][0]
    assert place_of(first) == VILLAGE


def test_a_hold_names_its_village_in_both_ways_and_its_fields_keep_their_order(town):
    assert place_of(town.hold("09:30").json) == {}
    in_village(town)
    for clock, key in (("10:00", {}), ("10:30", {"Idempotency_Key": "one"})):
        held = town.post("/holds", hold_body(clock), **key).json
        assert (place_of(held), list(held)) == (VILLAGE, list(HELD.fields))


def test_the_fields_of_a_booking_stand_in_one_order_wherever_it_is(town):
    in_hall = list(town.book(1))
    in_village(town)
    body = town.book_body(2, clock_time="11:00")
    booked = list(town.post("/appointments", body).json)
    assert [name for name in booked if name not in VILLAGE] == in_hall
    assert booked == list(APPOINTMENT.fields)
    assert booked[booked.index("ends_at") + 1 :][:2] == list(VILLAGE)


def test_a_cancelled_booking_names_the_village_that_was_booked(town):
    in_village(town)
    made = town.book(1)
    town.post(f"/appointments/{made['reference']}/cancel", {})
    with town.parts.database.transaction() as session:
        session.execute(update(Slot).values(place_zh="西岭村村委会", place_en="Xiling"))
    assert place_of(town.get(f"/appointments/{made['reference']}").json) == VILLAGE


def test_a_booking_names_its_village_when_made_and_when_read(town):
    in_village(town)
    made = town.book(1)
    read = town.get(f"/appointments/{made['reference']}").json
    assert place_of(made) == place_of(read) == VILLAGE


def test_the_nearest_times_to_a_full_one_name_their_village(town):
    in_village(town)
    for _ in range(20):
        answer = town.hold("10:00")
        if answer.status_code == 409:
            break
    assert answer.json["code"] == "slot_full"
    assert {tuple(place_of(each).items()) for each in answer.json["alternatives"]} == {tuple(VILLAGE.items())}


VISITS = "/halls/city-hall/villages"


def booked_there(town):
    """A booking of line A in the village, on its day."""
    in_village(town)
    made = town.book(1)
    town.set_clock(build.at("10:05", build.TODAY + timedelta(days=1)))
    return made


def step(town, made, verb, **options):
    return town.post(f"{VISITS}/visits/{made['code']}/{verb}", who="officer", **options)


def test_officers_check_in_and_end_a_visit_there_as_on_their_page(town):
    made = booked_there(town)
    (village,) = town.get(VISITS, who="officer").json["villages"]
    (visit,) = village["visits"]
    assert (place_of(village), visit["code"], visit["state"], visit["name"]) == (
        VILLAGE, made["code"], "booked", "**三",
    )  # fmt: skip
    assert made["reference"] not in town.get(VISITS, who="officer").text
    for _ in range(2):
        arrived = town.post(f"{VISITS}/check-ins", {"code": made["code"]}, who="officer")
        assert (arrived.status_code, arrived.json["state"]) == (200, "checked_in")
    for _ in range(2):
        done = step(town, made, "complete")
        assert (done.status_code, done.json["state"], place_of(done.json)) == (200, "fulfilled", VILLAGE)
    again = town.post(f"{VISITS}/check-ins", {"code": made["code"]}, who="officer")
    assert (again.status_code, again.json["code"]) == (409, "visit_is_over")


def test_either_is_taken_back_for_ten_seconds_and_once(town):
    made = booked_there(town)
    assert step(town, made, "complete").json["code"] == "nothing_to_check_in"
    town.post(f"{VISITS}/check-ins", {"reference": made["reference"]}, who="officer")
    assert step(town, made, "undo").json["state"] == "booked"
    assert step(town, made, "undo").json["code"] == "cannot_undo"
    town.post(f"{VISITS}/check-ins", {"code": made["code"]}, who="officer")
    step(town, made, "complete")
    assert step(town, made, "undo").json["state"] == "checked_in"


def test_who_goes_on_there_after_an_undo_is_not_put_on_hold_or_passed_on(town):
    made = booked_there(town)
    town.post(f"{VISITS}/check-ins", {"code": made["code"]}, who="officer")
    step(town, made, "complete")
    step(town, made, "undo")
    with town.parts.database.transaction() as session:
        label = session.scalars(select(Ticket.label)).one()
    for verb, body in (("park", {}), ("room", {"reason": "photo"}), ("transfer", {"group": "B"})):
        refused = town.post(f"/halls/city-hall/tickets/{label}/{verb}", body, who="officer")
        assert (refused.status_code, refused.json["code"]) == (409, "served_in_village"), verb
    assert step(town, made, "complete").json["state"] == "fulfilled"


def test_bookings_of_the_hall_and_unknown_ones_are_refused_there(town):
    made = town.book(1)
    town.set_clock(build.at("10:05", build.TODAY + timedelta(days=1)))
    refused = town.post(f"{VISITS}/check-ins", {"code": made["code"]}, who="officer")
    assert refused.json["code"] == step(town, made, "complete").json["code"] == "booked_in_hall"
    assert step(town, {"code": "000000"}, "complete").status_code == 404
    assert town.get(VISITS, who="officer").json == {"villages": []}
    for path in (VISITS, "/halls/nowhere/villages"):
        assert town.get(path, who="desk").status_code in (403, 404)


def test_the_waitlist_of_a_hall_says_where_a_number_on_offer_is(town):
    path = f"/halls/{town.hall}/waitlist"
    assert town.hold("10:00").status_code == 201
    fill_up(town)
    assert town.post("/waitlist", wait_body(town, "13900000001")).status_code == 201
    assert place_of(town.get(path, who="manager").json["lines"][0]["entries"][0]) == {}
    in_village(town)
    with town.parts.database.transaction() as session:
        entry = session.scalars(select(WaitlistEntry)).one()
        entry.state, entry.draft_id = "offered", session.scalars(select(Draft.id)).first()
    (waits,) = town.get(path, who="manager").json["lines"][0]["entries"]
    assert place_of(waits) == VILLAGE
