import re
from datetime import timedelta

import pytest

from booking.models import Appointment
from kernel.audit import AuditEntry
from people.citizens import identity_index
from tests import build
from tests.web.hall_faces import token

PLACE = "/console/halls/yunzhou/reception"


def receive(client, **values):
    return client.post(PLACE, data={"csrf_token": token(client.get(PLACE).text), **values})


def test_gives_a_number_with_service_and_phone(faces):
    client = faces.officer()
    answer = receive(client, **{"for": f"A/{faces.renewal.code}", "phone": "13900139000", "press": "p1"})
    assert answer.status_code == 303
    assert "号码是 A001，最迟 09:20 叫到" in client.get(answer.location).text
    receive(client, **{"for": f"A/{faces.renewal.code}", "phone": "13900139000", "press": "p1"})
    [row] = faces.tickets()
    assert row.service_ids == [faces.renewal.id]
    assert row.phone_index is not None


def test_only_the_duty_officer_admits_beyond_the_day(faces):
    faces.at("16:59")
    officer = faces.officer()
    assert "override" not in officer.get(PLACE).text
    assert receive(officer, **{"for": "A"}).status_code == 409
    assert receive(officer, **{"for": "A", "override": "1"}).status_code == 403
    duty = faces.officer(roles=("duty_officer",))
    assert receive(duty, **{"for": "A", "override": "1"}).status_code == 303
    with faces.parts.database.transaction() as session:
        entry = session.query(AuditEntry).filter_by(action="ticket.issue").one()
        assert entry.details["ground"] == "duty_officer"


def test_checks_in_early_by_code(faces):
    booked = faces.appointment("11:00")
    client = faces.officer()
    assert 'href="/arrive/yunzhou/poster"' in client.get(PLACE).text
    answer = receive(client, do="check_in", shown=booked.code)
    assert "号码是 A001" in client.get(answer.location).text
    assert faces.tickets()[0].track == "booked"


def test_checks_in_by_what_a_reader_of_documents_types(faces):
    with faces.parts.database.transaction() as session:
        index = identity_index("resident_id", "11010519491231002X")
        citizen = build.make_citizen(session, identity_kind="resident_id", identity_index=index)
        build.make_appointment(session, build.make_slot(session, faces.a, build.at("09:00")), citizen)
    client = faces.officer()
    answer = receive(client, do="check_in", shown="张三|11010519491231002X")
    assert "号码是 A001" in client.get(answer.location).text


@pytest.mark.parametrize(
    "wrong", [{"for": "Q"}, {"for": "A/none"}, {"for": "A", "phone": "1"}, {"do": "check_in"}]
)
def test_wrong_input_is_explained_and_changes_nothing(faces, wrong):
    answer = receive(faces.officer(), **wrong)
    assert answer.status_code in {404, 422}
    assert "note--bad" in answer.text
    assert faces.tickets() == []


def test_other_halls_and_other_roles_are_refused(faces):
    desk = faces.officer(roles=("desk",))
    assert desk.get(PLACE).status_code == 403
    assert faces.officer().get("/console/halls/nowhere/reception").status_code == 404


# ---- a line that gives no more numbers ----

PERSON = {"name": "王小明", "kind": "passport_cn", "number": "E12345678", "spot_phone": ""}


@pytest.fixture
def full(faces):
    """At 16:59 one more walk-in would not be served; tomorrow at ten there are two online numbers."""
    faces.at("16:59")
    with faces.parts.database.transaction() as session:
        build.make_slot(session, faces.a, build.at("10:00") + timedelta(days=1), numbers=2)
        build.make_slot(session, faces.a, build.at("10:00") + timedelta(days=9), numbers=2)
    return {"for": f"A/{faces.renewal.code}"}


def booked(faces):
    with faces.parts.database.transaction() as session:
        return session.query(Appointment).all()


def test_a_full_line_offers_standby_and_the_next_three_working_days(faces, full):
    page = receive(faces.officer(), **full).text
    assert "取候补号" in page
    starts = re.findall(r'name="starts_at" value="([^"]+)"', page)
    assert [each[:10] for each in starts] == ["2026-03-03"]
    assert "值班长同意，仍给号" not in page
    assert "值班长同意，仍给号" in receive(faces.officer(roles=("duty_officer",)), **full).text


def test_one_of_the_times_is_booked_for_who_stands_there(faces, full):
    client = faces.officer()
    start = re.search(r'name="starts_at" value="([^"]+)"', receive(client, **full).text).group(1)
    answer = receive(client, do="book", starts_at=start, press="b1", **full, **PERSON)
    assert answer.status_code == 303
    [made] = booked(faces)
    assert made.code in client.get(answer.location).text
    assert (made.made_by, made.starts_at) == ("staff", build.at("10:00") + timedelta(days=1))
    receive(client, do="book", starts_at=start, press="b1", **full, **PERSON)
    assert len(booked(faces)) == 1
    with faces.parts.database.transaction() as session:
        entry = session.query(AuditEntry).filter_by(action="appointment.make_by_staff").one()
        assert entry.details["reason"] == "day_full"


def test_a_mistake_in_the_document_keeps_what_was_typed(faces, full):
    client = faces.officer()
    start = re.search(r'name="starts_at" value="([^"]+)"', receive(client, **full).text).group(1)
    answer = receive(client, do="book", starts_at=start, **full, **PERSON | {"number": "1"})
    assert answer.status_code == 422
    assert "王小明" in answer.text
    assert booked(faces) == []


def test_standby_is_given_and_a_line_without_a_matter_asks_for_one(faces, full):
    client = faces.officer()
    page = receive(client, **{"for": "A"}).text
    assert "在下面选具体事项再取号" in page
    assert "starts_at" not in page
    assert receive(client, do="standby", **full).status_code == 303
    assert faces.tickets()[0].track == "standby"
