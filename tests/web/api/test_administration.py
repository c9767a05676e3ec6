import pytest
from sqlalchemy import func, select

from booking.models import Appointment, Number
from kernel import clock
from people import api_tokens
from people.staff import hash_password
from tests import build
from tests.web.api.town import SERVICE, hall_body


def test_saving_a_hall_twice_changes_nothing(town):
    before = town.counts()
    assert town.put("/halls/city-hall", hall_body(), who="admin").status_code == 200
    assert town.counts() == before


def test_a_new_hall_stands_with_its_lines_and_counters(town):
    saved = town.put("/halls/new-hall", hall_body(time_zone="Asia/Shanghai"), who="admin")
    assert saved.status_code == 200
    assert town.get("/halls/new-hall").json == saved.json


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"counters": [{"number": 1, "groups": ["Q"]}]}, "city_file_invalid"),
        ({"counters": [{"number": 1, "groups": ["A"]}]}, "city_file_invalid"),
        ({"policy": {"booking": {"lead_time_minutes": -1}}}, "booking_policy_invalid"),
        ({"policy": {"booking": {"nonsense": 1}}}, "booking_policy_invalid"),
        ({"policy": {"queue": {"nonsense": 1}}}, "queue_policy_invalid"),
        ({"policy": {"queue": {"discipline": []}}}, "queue_policy_invalid"),
        ({"time_zone": "Mars/Olympus"}, "time_zone_unknown"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_and_changes_nothing(town, change, code):
    before = town.counts()
    refused = town.put("/halls/city-hall", hall_body(**change), who="admin")
    assert (refused.status_code, refused.json["code"]) == (422, code)
    assert town.counts() == before


def test_a_plan_has_seasons_and_named_sessions(town):
    season = {
        "name_zh": "暑期",
        "first_on": "2026-07-01",
        "last_on": "2026-08-31",
        "plan": hall_body()["plan"],
    }
    extra = {
        "group": "A", "on": "2026-03-07", "kind": "extra", "starts": "09:00", "ends": "11:00", "counters": 1,
        "session": "mobile", "place_zh": "东岭村村委会",
    }  # fmt: skip
    body = hall_body(seasons=[season], extras=[extra])
    assert town.put("/halls/city-hall", body, who="admin").status_code == 200
    twice = hall_body(seasons=[season, {**season, "name_zh": "又一个"}])
    refused = town.put("/halls/city-hall", twice, who="admin")
    assert (refused.status_code, refused.json["code"]) == (422, "city_file_invalid")
    nowhere = hall_body(extras=[{**extra, "place_zh": ""}])
    assert town.put("/halls/city-hall", nowhere, who="admin").status_code == 422


def test_a_letter_is_not_given_to_two_lines(town):
    groups = hall_body()["groups"]
    groups[1] |= {"code": "C"}  # the line B stays, and keeps its letter
    counters = [{"number": 1, "groups": ["A", "C"]}, {"number": 2, "groups": ["A", "C"]}]
    plan = [{**line, "group": code} for line, code in zip(hall_body()["plan"], "AC", strict=True)]
    changed = hall_body(groups=groups, counters=counters, plan=plan)
    refused = town.put("/halls/city-hall", changed, who="admin")
    assert (refused.status_code, refused.json["code"]) == (409, "letter_taken")


def test_a_hall_can_set_its_own_rules(town):
    changed = hall_body(policy={"booking": {"lead_time_minutes": 60}, "queue": {}})
    assert town.put("/halls/city-hall", changed, who="admin").status_code == 200
    refused = town.hold("10:00", on=0)
    assert (refused.status_code, refused.json["code"]) == (422, "slot_inside_lead_time")


def test_a_guide_with_a_mistake_names_it(town):
    wrong = SERVICE | {"guide": SERVICE["guide"] | {"start": "nowhere"}}
    refused = town.put("/services/id-card", wrong, who="admin")
    assert (refused.status_code, refused.json["code"]) == (422, "service_file_invalid")
    assert any("nowhere" in problem["en"] for problem in refused.json["problems"])


def test_a_guide_of_endless_questions_is_refused(town):
    questions = [
        {"code": f"q{n}", "text_zh": "问", "text_en": "?",
         "options": [{"code": "a", "text_zh": "答", "text_en": "!", "next": f"q{n + 1}"}]}
        for n in range(900)
    ]  # fmt: skip
    wrong = SERVICE | {"guide": {"start": "q0", "questions": questions, "situations": []}}
    assert town.put("/services/id-card", wrong, who="admin").status_code == 422


def test_publishing_twice_adds_nothing(town):
    days = {"from": "2026-03-12", "to": "2026-03-13"}
    assert town.post("/halls/city-hall/publish", days, who="admin").json["numbers"] > 0
    assert town.post("/halls/city-hall/publish", days, who="admin").json["numbers"] == 0


def test_publishing_goes_forward_and_not_without_end(town):
    for first, last in (("2026-03-12", "2026-03-11"), ("2026-03-12", "2027-03-12")):
        assert (
            town.post("/halls/city-hall/publish", {"from": first, "to": last}, who="admin").status_code == 422
        )


def test_a_new_account_signs_in_works_and_signs_out(town):
    account = {"username": "Li.Ming", "name": "李明", "password": "long enough 1", "roles": ["officer"]}
    made = town.post("/staff", account | {"halls": ["city-hall"]}, who="admin")
    assert (made.status_code, made.json["username"]) == (201, "li.ming")
    signed = town.post("/sign-in", {"username": "li.ming", "password": "long enough 1"}).json
    assert (signed["halls"], "counter.work" in signed["permissions"]) == (["city-hall"], True)
    town.tokens["li"] = signed["token"]
    assert town.post("/halls/city-hall/counters/1/open", who="li").status_code == 200
    assert town.call("POST", "/sign-out", who="li").status_code == 204
    assert town.get("/halls/city-hall/counters", who="li").status_code == 401


def test_five_wrong_passwords_lock_an_account(town):
    with town.parts.database.transaction() as session:
        build.make_staff(session, username="wang", password_hash=hash_password("the right one"))
    codes = [
        town.post("/sign-in", {"username": "wang", "password": password}).json["code"]
        for password in ["wrong"] * 5 + ["the right one"]
    ]
    assert codes == ["sign_in_wrong"] * 5 + ["sign_in_locked"]


def test_only_twenty_sign_ins_a_minute_from_one_address(town):
    statuses = [town.post("/sign-in", {"username": "x"}).status_code for _ in range(21)]
    assert statuses == [422] * 20 + [429]


def test_who_administers_one_hall_makes_no_other(town):
    with town.parts.database.transaction() as session:
        hall_id = build.make_hall(session).id
        manager = build.make_staff(session, roles=("admin",), hall_ids=[hall_id])
        town.tokens["manager"] = api_tokens.create(session, manager, real_now=clock.real_now())
    for code in ("city-hall", "brand-new"):
        refused = town.put(f"/halls/{code}", hall_body(), who="manager")
        assert (refused.status_code, refused.json["code"]) == (403, "forbidden")


def late_booking(town):
    """Somebody at three in the afternoon, and the hall's plan without afternoons."""
    town.book(1, clock_time="15:00")
    return hall_body(plan=[{**line, "ends": "12:00"} for line in hall_body()["plan"]])


def state_and_hour(town):
    with town.parts.database.transaction() as session:
        booked = session.scalars(select(Appointment)).one()
        return booked.state, booked.starts_at.hour + 8


def test_a_plan_without_a_place_for_a_booking_is_refused_until_told_what_becomes_of_it(town):
    mornings = late_booking(town)
    before = town.counts()
    refused = town.put("/halls/city-hall", mornings, who="admin")
    assert (refused.status_code, refused.json["code"]) == (409, "bookings_stranded")
    assert "1" in refused.json["detail"]
    assert town.counts() == before
    assert town.put("/halls/city-hall?stranded=forget", mornings, who="admin").status_code == 422


@pytest.mark.parametrize(
    ("stranded", "state", "before_noon"),
    [("keep", "booked", False), ("move", "booked", True), ("cancel", "cancelled", False)],
)
def test_a_new_plan_holds_at_once_and_its_bookings_go_where_told(town, stranded, state, before_noon):
    mornings = late_booking(town)
    assert town.put(f"/halls/city-hall?stranded={stranded}", mornings, who="admin").status_code == 200
    found, hour = state_and_hour(town)
    assert (found, hour < 12) == (state, before_noon)
    with town.parts.database.transaction() as session:
        free = select(func.count(Number.id)).where(
            Number.appointment_id.is_(None), func.extract("hour", Number.starts_at) >= 4
        )
        assert session.scalar(free) == 0
