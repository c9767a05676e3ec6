"""Programs at a release peak: 428 with a challenge, and a proof is good for one hold of one device."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from booking.models import Draft
from booking.peak import STORM_SECONDS, WINDOW_SECONDS, solve
from halls.queries import get_group_by_code, get_hall
from kernel import clock
from kernel.limits import Limits
from people.citizens import phone_index
from tests import build
from tests.web.api.town import SERVICE, Town, hold_body

RELEASE = 9  # days to Wednesday week, whose first numbers come today at 08:00
ME = {"Youhao_Device": "the-device-of-somebody"}
OTHER = {"Youhao_Device": "the-device-of-another-one"}


@pytest.fixture
def rush(town: Town) -> Town:
    """One minute after a release."""
    town.set_clock(build.at("08:01"))
    return town


def ask(town: Town, on: int = RELEASE, **headers: str):
    return town.post("/holds", hold_body(on=on, hall=town.hall), **headers)


def proof_of(problem) -> str:
    return f"{problem['challenge']}:{solve(problem['challenge'])}"


def test_a_hold_after_a_release_needs_a_proof(rush):
    refused = ask(rush, **ME)
    assert refused.status_code == 428
    assert refused.content_type == "application/problem+json"
    assert refused.json["code"] == "proof_required"
    assert (refused.json["bits"], refused.json["algorithm"]) == (15, "SHA-256")
    assert rush.counts()["draft"] == 0
    held = ask(rush, Youhao_Proof=proof_of(refused.json), **ME)
    assert held.status_code == 201, held.text


def test_a_proof_is_good_once(rush):
    proof = proof_of(ask(rush, **ME).json)
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(ask, rush, Youhao_Proof=proof, **ME) for _ in range(8)]
        assert sorted(each.result().status_code for each in found) == [201] + [428] * 7


def test_a_proof_is_of_one_device(rush):
    proof = proof_of(ask(rush, **ME).json)
    assert ask(rush, Youhao_Proof=proof, **OTHER).status_code == 428
    assert ask(rush, Youhao_Proof=proof, **ME).status_code == 201


def test_a_proof_is_of_one_line(rush):
    proof = proof_of(ask(rush, **ME).json)
    with rush.parts.database.transaction() as session:
        other = build.make_hall(session, "other-hall")
        group = build.make_group(session, other)
        service = build.make_service(session, group)
        build.make_slot(session, group, build.at("10:00", build.TODAY + timedelta(days=RELEASE)))
    body = hold_body(on=RELEASE, hall="other-hall") | {"services": [service.code]}
    assert rush.post("/holds", body, Youhao_Proof=proof, **ME).status_code == 428


def test_a_proof_is_of_the_last_minutes(rush, monkeypatch):
    proof = proof_of(ask(rush, **ME).json)
    later = clock.real_now() + timedelta(minutes=12)
    monkeypatch.setattr(clock, "real_now", lambda: later)
    assert ask(rush, Youhao_Proof=proof, **ME).status_code == 428


@pytest.mark.parametrize(
    "proof", ["", ":", "x", "1.15.a.b:1", "99999999999999.15.a.b:1", "٣.15.a.b:1", "a" * 900]
)
def test_what_is_no_proof_is_refused(rush, proof):
    answer = ask(rush, Youhao_Proof=proof.encode().decode("latin-1"), **ME)
    assert answer.status_code == 428


def test_an_unsolved_challenge_is_refused(rush):
    challenge = ask(rush, **ME).json["challenge"]
    wrong = next(n for n in range(100) if str(n) != solve(challenge))
    assert ask(rush, Youhao_Proof=f"{challenge}:{wrong}", **ME).status_code == 428


def test_a_challenge_fits_the_one_block_that_phones_hash(rush):
    assert len(f"{ask(rush, **ME).json['challenge']}:999999") <= 55


def test_other_days_are_booked_as_always(rush):
    assert ask(rush, on=1, **ME).status_code == 201


def test_normal_hours_are_as_always(rush):
    rush.set_clock(build.at("08:30"))
    assert ask(rush, **ME).status_code == 201


def test_a_storm_of_holds_on_a_line_needs_proofs_at_any_hour(town):
    set_policy(town, {"proof_at_holds_per_second": 1})
    assert ask(town, on=1, **ME).status_code == 201
    storm(town, "A")
    assert ask(town, on=1, **OTHER).status_code == 428


@pytest.mark.parametrize("services", [("id-card", "passport"), ("passport", "id-card")])
def test_a_storm_on_any_line_of_a_visit_needs_a_proof(town, services):
    passport = SERVICE | {"name_zh": "普通护照", "name_en": "Passport", "group": "B"}
    assert town.put("/services/passport", passport, who="admin").status_code == 200
    offered = {"services": {"id-card": "A", "passport": "B"}}
    assert town.put("/halls/city-hall/services", offered, who="admin").status_code == 200
    set_policy(town, {"proof_at_holds_per_second": 1})
    storm(town, "B")
    body = hold_body(on=1, hall=town.hall)
    assert town.post("/holds", body, **ME).status_code == 201
    refused = town.post("/holds", body | {"services": services}, **ME)
    assert refused.status_code == 428
    held = town.post("/holds", body | {"services": services}, Youhao_Proof=proof_of(refused.json), **ME)
    assert held.status_code == 201, held.text


def storm(town: Town, code: str) -> None:
    """The others come by another process, so that no test depends on how quick this one is."""
    with town.parts.database.transaction() as session:
        line = get_group_by_code(session, get_hall(session, town.hall).id, code).id
    others = Limits(town.parts.redis, {})
    while not others.note(f"line:{line}", window=WINDOW_SECONDS, most=WINDOW_SECONDS, stays=STORM_SECONDS):
        pass


def test_a_hall_can_turn_it_off(rush):
    set_policy(rush, {"proof_after_release_minutes": 0, "proof_at_holds_per_second": 0})
    assert ask(rush, **ME).status_code == 201


def test_redis_holds_nothing_personal(rush):
    ask(rush, Youhao_Proof=proof_of(ask(rush, **ME).json), **ME)
    rush.book(1)
    names = b" ".join(rush.parts.redis.keys("*")).decode()
    assert "device-of-somebody" not in names
    assert "13800130001" not in names
    assert phone_index("+8613800130001").hex() in names


def set_policy(town: Town, booking: dict[str, int]) -> None:
    with town.parts.database.transaction() as session:
        get_hall(session, town.hall).policy = {"booking": booking}


def test_the_draft_is_made_only_by_the_hold_that_passed(rush):
    ask(rush, **ME)
    with rush.parts.database.transaction() as session:
        assert session.query(Draft).count() == 0
