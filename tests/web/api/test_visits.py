"""Several services in one visit, over the lines of a hall."""

from itertools import count

import pytest

from tests import build
from tests.web.api.town import SERVICE, hold_body

TEN = build.at("10:00", build.TODAY.replace(day=3)).isoformat()
DAYS = count(2)
BOTH = ["id-card", "passport"]


@pytest.fixture
def wide(town):
    """The town with a second service, in its other line."""
    assert town.put("/services/passport", SERVICE | {"group": "B"}, who="admin").status_code == 200
    offered = {"services": {"id-card": "A", "passport": "B"}}
    assert town.put(f"/halls/{town.hall}/services", offered, who="admin").status_code == 200
    return town


def free(town, services):
    """Answers are kept for a moment; a question that nobody has asked yet is answered anew."""
    query = "service=" + ",".join(services)
    answer = town.get(f"/halls/{town.hall}/availability?{query}&days={next(DAYS)}").json
    return answer, {slot["starts_at"]: slot["free"] for slot in answer["days"][1]["slots"]}


def test_one_hold_and_one_reference_for_all_lines(wide):
    answer, before = free(wide, BOTH)
    assert (answer["groups"], answer["numbers_needed"], answer["minutes"]) == (["A", "B"], 2, 20)
    token = wide.hold(services=BOTH).json["token"]
    booked = wide.book(clock_time="15:00", hold_token=token)
    assert booked["services"] == BOTH
    assert [(leg["group"], leg["services"]) for leg in booked["legs"]] == [
        ("A", ["id-card"]),
        ("B", ["passport"]),
    ]
    assert booked["legs"][0]["starts_at"] == booked["starts_at"] == TEN
    _, after = free(wide, BOTH)
    assert after[TEN] == before[TEN] - 1


def test_a_visit_of_several_lines_that_nobody_stands_for_is_held_as_short_and_kept_as_long(wide):
    held = wide.hold(services=BOTH).json
    assert held["held_until"] == build.at("09:33").isoformat()
    kept = wide.post(f"/holds/{held['token']}/keep", {"phone_token": wide.phone_token()}).json
    assert kept == held | {"held_until": build.at("09:40").isoformat()}


def test_a_visit_of_one_line_has_no_legs(wide):
    assert wide.book()["legs"] == []


def test_compares_halls_for_a_visit_of_several_lines(wide):
    (row,) = wide.get("/availability?service=id-card,passport").json["halls"]
    assert (row["groups"], row["first_starts_at"]) == (["A", "B"], "2026-03-02T02:00:00+00:00")


def test_the_answers_of_one_service_do_not_change_the_other(wide):
    before = [sum(free(wide, [code])[1].values()) for code in BOTH]
    answers = {"id-card.reason": "lost", "passport.reason": "expired"}
    held = wide.post("/holds", hold_body() | {"services": BOTH, "answers": answers})
    assert held.status_code == 201
    after = [sum(free(wide, [code])[1].values()) for code in BOTH]
    # Twenty minutes for a lost card, ten for the other.
    assert [one - other for one, other in zip(before, after, strict=True)] == [2, 1]


def test_when_full_the_nearest_starts_at_which_everything_fits_are_offered(wide):
    for _ in range(40):
        answer = wide.hold(services=BOTH)
        if answer.status_code != 201:
            break
    assert (answer.status_code, answer.json["code"]) == (409, "slot_full")
    _, shown = free(wide, BOTH)
    assert shown[TEN] == 0
    near = {each["starts_at"]: each["free"] for each in answer.json["alternatives"]}
    assert near == {starts_at: shown[starts_at] for starts_at in near}
    assert all(near.values())
