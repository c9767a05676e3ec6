"""How long data is kept and how many codes are paid for: administrators of the whole city."""

import pytest

from people.code_budget import CITY, CodeBudget, city_payer
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
    assert in_force(faces)[0] == spans
    assert 'value="365"' in client.get("/admin/privacy").text


def test_who_has_halls_of_their_own_does_not_decide_for_the_city(faces):
    chief = faces.officer(roles=("admin",))
    assert chief.get("/admin/privacy").status_code == 403
    assert faces.officer().get("/admin/privacy").status_code == 403


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [("identity", "1", "多久没来办事"), ("per_hour", "x", "全市每小时最多")],
)
def test_what_is_wrong_stands_at_its_field_in_words(faces, name, typed, words):
    page = save(city_admin(faces), **{name: typed})
    assert page.status_code == 422
    assert f'href="#field-{name}"' in page.text
    assert f"“{words}" in page.text
    assert f"“{name}”" not in page.text
    assert f'value="{typed}"' in page.text


def test_each_change_is_kept_with_who_made_it_and_comes_back(faces):
    client = city_admin(faces)
    save(client)
    assert "没有改动" in client.get(save(client).location).text
    save(client, identity="400", per_day="70")
    page = client.get("/admin/history/city_settings/city").text
    assert page.index("第 3 版") < page.index("第 2 版") < page.index("第 1 版")
    assert "<del>60</del>" in page
    assert "<ins>70</ins>" in page
    assert "多久没来办事" in page
    assert "李警官" in page
    answer = client.post(
        "/admin/history/city_settings/city/1", data={"csrf_token": token(page_of(client, 1))}
    )
    assert answer.status_code == 303
    assert in_force(faces) == (Retention(), CITY)


def page_of(client, number):
    return client.get(f"/admin/history/city_settings/city/{number}").text


def test_the_history_is_for_who_decides_for_the_city(faces):
    save(city_admin(faces))
    chief = faces.officer(roles=("admin",))
    for path in ("", "/1"):
        assert chief.get(f"/admin/history/city_settings/city{path}").status_code == 403
