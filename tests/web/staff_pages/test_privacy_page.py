"""How long data is kept and how many codes are paid for: administrators of the whole city."""

from people.code_budget import CodeBudget, city_payer
from people.models import Staff
from people.retention import Retention, retention
from tests.web.hall_faces import token

FORM = {
    "identity": "365",
    "phone": "90",
    "message": "30",
    "delivery": "30",
    "code": "3",
    "per_hour": "50",
    "per_day": "60",
}


def city_admin(faces):
    client = faces.officer(roles=("admin",))
    with faces.parts.database.transaction() as session:
        session.get(Staff, faces.officers[-1].id).hall_ids = None
    return client


def save(client, **changes):
    page = client.get("/admin/privacy")
    return client.post("/admin/privacy", data=FORM | changes | {"csrf_token": token(page.text)})


def in_force(faces):
    with faces.parts.database.transaction() as session:
        return retention(session), city_payer(session).budget


def test_values_are_changed_all_or_none(faces):
    client = city_admin(faces)
    assert save(client).status_code == 303
    spans = Retention(identity=365, phone=90, message=30, delivery=30, code=3)
    assert in_force(faces) == (spans, CodeBudget(50, 60))
    assert save(client, identity="400", per_day="0").status_code == 422
    refused = save(client, identity="1")
    assert "identity" in refused.text
    assert in_force(faces)[0] == spans
    assert 'value="365"' in client.get("/admin/privacy").text


def test_who_has_halls_of_their_own_does_not_decide_for_the_city(faces):
    chief = faces.officer(roles=("admin",))
    assert chief.get("/admin/privacy").status_code == 403
    assert faces.officer().get("/admin/privacy").status_code == 403
