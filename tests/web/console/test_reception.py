import pytest

from kernel.audit import AuditEntry
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
    answer = receive(client, do="check_in", shown=booked.code)
    assert "号码是 A001" in client.get(answer.location).text
    assert faces.tickets()[0].track == "booked"


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
