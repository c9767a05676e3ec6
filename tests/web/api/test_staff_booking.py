"""Staff book by the API: with the permission, for a reason, once a key, and audited."""

import pytest
from sqlalchemy import select

from booking.models import Appointment
from kernel.audit import AuditEntry
from people.sample_ids import sample_resident_id
from tests import build
from tests.web.api.town import hold_body


def body_of(town, **values):
    held = hold_body("10:00", hall=town.hall)
    return {
        "services": held["services"],
        "starts_at": held["starts_at"],
        "name": "张三",
        "identity_kind": "resident_id",
        "identity_number": sample_resident_id(5),
        "reason": "no_phone",
    } | values


def book(town, *, who="officer", key="", **values):
    headers = {"Idempotency_Key": key} if key else {}
    return town.post(f"/halls/{town.hall}/appointments", body_of(town, **values), who=who, **headers)


def test_an_officer_books_for_somebody_without_a_phone(town):
    answer = book(town, key="press-1")
    assert answer.status_code == 201, answer.text
    assert set(answer.json) == {"code", "hall", "group", "groups", "starts_at", "ends_at"}
    assert book(town, key="press-1").json == answer.json
    with town.parts.database.transaction() as session:
        made = session.scalars(select(Appointment)).one()
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "appointment.make_by_staff")
        ).one()
    assert (made.made_by, made.code, made.phone_index) == ("staff", answer.json["code"], None)
    assert (entry.actor_kind, entry.subject_id) == ("staff", made.id)
    assert made.starts_at > build.at("09:00")


@pytest.mark.parametrize(("who", "status"), [("", 401), ("kiosk", 403), ("desk", 403)])
def test_nobody_else_does(town, who, status):
    before = town.counts()
    assert book(town, who=who).status_code == status
    assert town.counts() == before


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"channels": ["duty"], "exception": "urgent"}, 403, "forbidden"),
        ({"despite_standing": True, "exception": "urgent"}, 403, "forbidden"),
        ({"phone": "12"}, 422, "phone_malformed"),
        ({"identity_number": "1"}, 422, "identity_malformed"),
        ({"services": ["nothing"]}, 422, "service_not_offered"),
        ({"starts_at": "2026-03-03T18:00:00Z"}, 404, "slot_unknown"),
        ({"reason": "because"}, 422, "http_422"),
        ({"name": "  "}, 422, "http_422"),
    ],
)
def test_refusals_change_nothing(town, values, status, code):
    before = town.counts()
    answer = book(town, **values)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert town.counts() == before


def test_a_refusal_for_what_stands_for_the_document_is_audited(town):
    assert book(town).status_code == 201
    refused = book(town)
    assert (refused.status_code, refused.json["code"]) == (409, "already_booked_that_day")
    with town.parts.database.transaction() as session:
        owner = session.scalars(select(Appointment.citizen_id)).one()
        query = select(AuditEntry).where(AuditEntry.action == "appointment.refuse_to_staff")
        entry = session.scalars(query).one()
    assert (entry.subject_id, entry.details) == (owner, {"code": "already_booked_that_day"})


@pytest.mark.parametrize("desk", ["", "/villages"])
def test_a_look_up_by_document_that_checks_nobody_in_is_audited_for_staff_alone(town, desk):
    for who in ("kiosk", "officer"):
        wanted = {"identity": sample_resident_id(5)}
        assert town.post(f"/halls/{town.hall}{desk}/check-ins", wanted, who=who).status_code == 404
    with town.parts.database.transaction() as session:
        query = select(AuditEntry).where(AuditEntry.action == "appointment.look_up")
        [entry] = session.scalars(query).all()
        assert (entry.actor_kind, entry.details) == ("staff", {"code": "nothing_to_check_in"})
