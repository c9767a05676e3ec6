"""Suspensions by the API: appeals for documents that others used, and lifting one at the counter."""

from datetime import timedelta

from sqlalchemy import select, update

from booking.models import Appointment
from halls.models import Hall
from people.sample_ids import sample_resident_id
from tests import build
from tests.web.api.test_exceptions import TOMORROW, actions


def dispute(town, number, phone="13800130002", **headers):
    body = {
        "phone_token": town.phone_token(phone),
        "hall": town.hall,
        "identity_kind": "resident_id",
        "identity_number": number,
        "reason": "别人用我的身份证预约后没有来。",
    }
    return town.post("/document-appeals", body, **headers)


def test_whose_document_others_used_appeals_by_phone_and_the_hall_decides(town):
    town.book(1)
    with town.parts.database.transaction() as session:
        session.execute(update(Appointment).values(state="no_show"))
    town.set_clock(build.at("09:40", TOMORROW + timedelta(days=1)))
    known, unknown = (dispute(town, sample_resident_id(n), f"1380013{n:04d}") for n in (1, 7))
    known = dispute(town, sample_resident_id(1), "13800130009")
    assert known.status_code == unknown.status_code == 201
    assert {**known.json, "reference": ""} == {**unknown.json, "reference": ""}
    path = f"/halls/{town.hall}/document-appeals"
    listed = {each["reference"]: each for each in town.get(path, who="manager").json["appeals"]}
    assert len(listed) == 3
    mine = listed[known.json["reference"]]
    assert (len(mine["missed_here"]), mine["missed_by_this_phone"]) == (1, 0)
    assert sample_resident_id(1) not in str(listed)
    assert listed[unknown.json["reference"]]["missed_here"] == []
    decide, body = f"{path}/{known.json['reference']}/decide", {"accepted": True, "answer": "已核实。"}
    done = town.post(decide, body, who="manager", Idempotency_Key="d1")
    assert (done.status_code, done.json["state"], done.json["missed_here"]) == (200, "accepted", [])
    assert town.post(decide, body, who="manager", Idempotency_Key="d1").json == done.json
    assert town.post(decide, body, who="manager").json["code"] == "appeal_is_decided"
    with town.parts.database.transaction() as session:
        assert session.scalars(select(Appointment.excused_at)).one() is not None


def test_appeals_for_a_document_are_limited_by_document_and_by_phone(town):
    number = sample_resident_id(1)
    assert dispute(town, number, "13800130001").status_code == 201
    town.set_clock(build.at("09:40"))
    assert dispute(town, number, "13800130001").json["code"] == "one_open_appeal"
    for nth in range(2, 5):
        assert dispute(town, number, f"1380013000{nth}").status_code == 201
    refused = dispute(town, number, "13800130009")
    assert (refused.status_code, refused.json["limit"]) == (429, "appeal.identity")
    assert dispute(town, number[:-1], "13800130008").json["code"] == "identity_malformed"


def test_a_suspension_is_lifted_by_document_with_a_reason_once(town):
    card = {"identity_kind": "resident_id", "identity_number": sample_resident_id(1)}
    town.book(1)
    with town.parts.database.transaction() as session:
        session.execute(update(Appointment).values(state="no_show"))
        hall = session.scalars(select(Hall).where(Hall.code == town.hall)).one()
        hall.policy = {"booking": {"no_show_limit": 1}}
    town.set_clock(build.at("09:40", TOMORROW + timedelta(days=1)))
    path = f"/halls/{town.hall}/suspensions/lift"
    unknown = card | {"identity_number": sample_resident_id(7)}
    assert town.post(path, card, who="manager").status_code == 422
    assert town.post(path, card | {"reason": "because"}, who="manager").status_code == 422
    assert town.post(path, unknown | {"reason": "illness"}, who="manager").json["code"] == "not_suspended"
    for _ in range(2):
        done = town.post(path, card | {"reason": "illness"}, who="manager", Idempotency_Key="l1")
        assert (done.status_code, done.json) == (200, {"missed": 1}), done.text
    again = town.post(path, card | {"reason": "illness"}, who="manager")
    assert (again.status_code, again.json["code"]) == (409, "not_suspended")
    (entry,) = actions(town, "suspension.lift")
    assert entry.details == {"reason": "illness", "missed": 1}
    nobody, owner = actions(town, "suspension.look_up")
    assert (nobody.subject_id, owner.subject_id) == (None, entry.subject_id)
    assert nobody.details == owner.details == {"code": "not_suspended"}
