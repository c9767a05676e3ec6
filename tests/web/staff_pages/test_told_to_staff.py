"""Who types a document at a counter and reads why it cannot be booked leaves an entry in the audit."""

import re

import pytest
from sqlalchemy import select

from booking.models import Appointment
from kernel.audit import AuditEntry
from people.sample_ids import sample_resident_id
from tests import build
from tests.web.staff_pages.test_duty import PERSON, TEN, booking_form, send


@pytest.fixture
def known(faces):
    """PERSON is booked at ten today."""
    with faces.parts.database.transaction() as session:
        build.make_slot(session, faces.a, TEN, numbers=3)
    page = f"/duty/{faces.hall.code}/book"
    assert send(faces.officer(), page, page, **booking_form(faces)).status_code == 303
    with faces.parts.database.transaction() as session:
        return session.scalars(select(Appointment)).one()


def refusals(faces):
    with faces.parts.database.transaction() as session:
        query = select(AuditEntry).where(AuditEntry.action == "appointment.refuse_to_staff")
        return session.scalars(query.order_by(AuditEntry.id)).all()


def test_a_booking_that_is_refused_for_the_document_is_audited(faces, known):
    officer, page = faces.officer(), f"/duty/{faces.hall.code}/book"
    for _ in range(2):
        answer = send(officer, page, page, **booking_form(faces))
        assert (answer.status_code, "已有同类业务的预约" in answer.text) == (409, True)
    first, second = refusals(faces)
    assert (first.subject_kind, first.subject_id) == ("citizen", known.citizen_id)
    assert (first.actor_kind, first.hall_id) == ("staff", faces.hall.id)
    assert first.details == second.details == {"code": "already_booked_that_day"}


def test_so_is_a_correction_to_somebody_who_is_booked_that_day(faces, known):
    officer, other = faces.officer(), faces.appointment("11:00")
    address = f"/duty/{faces.hall.code}/correct/{other.reference}"
    answer = send(officer, address, address, **PERSON, reason="typing_slip")
    assert answer.status_code == 409
    assert [entry.subject_id for entry in refusals(faces)] == [known.citizen_id]


def test_so_is_a_booking_at_the_reception(faces, known):
    officer, page = faces.officer(), f"/console/halls/{faces.hall.code}/reception"
    wanted = {"do": "book", "for": f"A/{faces.renewal.code}", "starts_at": TEN.isoformat()}
    assert send(officer, page, page, **wanted, **PERSON).status_code == 409
    assert [entry.subject_id for entry in refusals(faces)] == [known.citizen_id]


def test_what_is_refused_for_other_reasons_tells_nothing_and_leaves_none(faces, known):
    officer, page = faces.officer(), f"/duty/{faces.hall.code}/book"
    for wrong in ({"number": "1"}, {"starts_at": ""}, {"reason": "why"}):
        assert send(officer, page, page, **booking_form(faces, **wrong)).status_code in (404, 422)
    other = sample_resident_id(4)
    assert send(officer, page, page, **booking_form(faces, number=other)).status_code == 303
    assert refusals(faces) == []


def test_the_entry_is_told_in_words(faces, known):
    officer, page = faces.officer(), f"/duty/{faces.hall.code}/book"
    send(officer, page, page, **booking_form(faces))
    shown = faces.officer(roles=("admin",)).get("/admin/audit").text
    assert "录入的证件不能预约，原因已告知工作人员" in shown
    assert not re.search(PERSON["number"], shown)


# ---- check-in by document ----

DESKS = ("reception", "villages")


def look_ups(faces):
    with faces.parts.database.transaction() as session:
        query = select(AuditEntry).where(AuditEntry.action == "appointment.look_up")
        return session.scalars(query.order_by(AuditEntry.id)).all()


def check_in(faces, client, shown, desk="reception"):
    page = f"/console/halls/{faces.hall.code}/{desk}"
    return send(client, page, page, do="check_in", shown=shown)


@pytest.mark.parametrize("desk", DESKS)
def test_who_checks_in_by_document_and_finds_nobody_leaves_an_entry_each_time(faces, desk):
    officer = faces.officer()
    for _ in range(2):
        assert check_in(faces, officer, PERSON["number"], desk).status_code == 404
    first, second = look_ups(faces)
    assert (first.actor_kind, first.actor_id, first.hall_id) == (
        "staff",
        faces.officers[0].id,
        faces.hall.id,
    )
    assert (first.subject_kind, first.subject_id) == ("citizen", None)
    assert first.details == second.details == {"code": "nothing_to_check_in"}


def test_whose_document_it_was_is_in_the_entry_and_the_document_is_not(faces, known):
    faces.at("18:00")
    officer = faces.officer()
    assert check_in(faces, officer, PERSON["number"], "villages").status_code == 409
    [entry] = look_ups(faces)
    assert (entry.subject_id, entry.details) == (known.citizen_id, {"code": "booked_in_hall"})
    shown = faces.officer(roles=("admin",)).get("/admin/audit").text
    assert "按证件查今天的预约，未能签到" in shown
    assert PERSON["number"] not in shown


def test_who_is_checked_in_by_document_or_shows_a_wrong_code_leaves_no_look_up(faces, known):
    officer = faces.officer()
    assert check_in(faces, officer, "000000").status_code == 404
    assert check_in(faces, officer, "").status_code == 404
    assert check_in(faces, officer, PERSON["number"]).status_code == 303
    assert look_ups(faces) == []


# ---- lifting a suspension ----


def test_who_finds_no_suspension_to_lift_leaves_an_entry_too(faces, known):
    duty, page = faces.officer(roles=("duty_officer",)), f"/duty/{faces.hall.code}/lift"
    facts = {"kind": "resident_id", "reason": "illness"}
    for number, status in ((PERSON["number"], 409), ("1", 422)):
        assert send(duty, page, page, **facts, number=number).status_code == status
    with faces.parts.database.transaction() as session:
        query = select(AuditEntry).where(AuditEntry.action == "suspension.look_up")
        [entry] = session.scalars(query).all()
    assert (entry.subject_id, entry.details) == (known.citizen_id, {"code": "not_suspended"})
    assert "没有可恢复的" in faces.officer(roles=("admin",)).get("/admin/audit").text
