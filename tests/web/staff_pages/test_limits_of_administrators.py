"""An administrator of some halls sees and changes these halls only; crafted ids name nothing."""

import pytest

from kernel import clock
from people import api_tokens
from people.models import Staff
from people.permissions import STAFF_ROLES
from tests import build
from tests.web.api.test_content import PACKAGE as NAMES
from tests.web.api.town import SERVICE
from tests.web.hall_faces import token

HUGE = 10**30
PACKAGE = {**NAMES, "services": ["x"]}
FACTS = {"username": "newone", "name": "新人", "password": "ten letters or more", "roles": ["officer"]}


@pytest.fixture
def chief(faces):
    """An administrator of the hall."""
    return faces.officer(roles=("admin",))


@pytest.fixture
def admin(faces):
    """An administrator of the city."""
    client = faces.officer(roles=("admin",))
    with faces.parts.database.transaction() as session:
        session.get(Staff, faces.officers[-1].id).hall_ids = None
    return client


def add(client, **values):
    return client.post(
        "/admin/staff", data=FACTS | values | {"csrf_token": token(client.get("/admin/staff").text)}
    )


def names(faces):
    with faces.parts.database.transaction() as session:
        return {row.username for row in session.query(Staff)}


def test_lists_show_ones_own_halls_and_people_only(faces, chief):
    with faces.parts.database.transaction() as session:
        other = build.make_hall(session, "elsewhere", name_zh="别处大厅")
        build.make_staff(session, username="stranger", hall_ids=[other.id])
        build.make_staff(session, username="everywhere", hall_ids=None)
        build.make_staff(session, username="colleague", hall_ids=[faces.hall.id])
    assert "elsewhere" not in chief.get("/admin/halls").text
    page = chief.get("/admin/staff").text
    assert "colleague" in page
    for hidden in ("stranger", "everywhere", "别处大厅", "不选表示全部大厅"):
        assert hidden not in page


def test_an_administrator_of_a_hall_makes_nobody_of_the_city(faces, chief):
    before = names(faces)
    answer = add(chief, roles=["admin"])
    assert answer.status_code == 403
    assert "所在大厅" in answer.text
    assert names(faces) == before
    assert add(chief, halls=[str(faces.hall.id)]).status_code == 303


def test_nobody_stops_themselves_on_the_page(faces, admin):
    page = admin.get("/admin/staff").text
    answer = admin.post(f"/admin/staff/{faces.officers[-1].id}/switch", data={"csrf_token": token(page)})
    assert answer.status_code == 409
    assert admin.get("/admin/staff").status_code == 200


@pytest.mark.parametrize("crafted", ["²", str(HUGE), "0", "-1", "x", ""])
def test_a_hall_that_there_is_not_is_refused_and_never_means_all(faces, admin, crafted):
    before = names(faces)
    answer = add(admin, halls=[crafted])
    assert answer.status_code == 404
    assert "没有这个大厅" in answer.text
    assert names(faces) == before


@pytest.mark.parametrize("number", [2**63, HUGE])
def test_an_id_longer_than_any_is_not_found_on_any_page_of_staff(faces, number):
    admin = faces.officer(roles=tuple(sorted(STAFF_ROLES)))
    form = {"csrf_token": token(admin.get("/admin/staff").text), "press": "p", "ticket": str(number)}
    tried = 0
    for rule in faces.app.url_map.iter_rules():
        ids = [name for name, kind in rule._converters.items() if type(kind).__name__ == "IntegerConverter"]
        guard = getattr(faces.app.view_functions[rule.endpoint], "__guard__", "")
        if not ids or not guard.startswith("staff:"):
            continue
        values = dict.fromkeys(rule.arguments, "finish") | dict.fromkeys(ids, number)
        _host, path = rule.build(values)
        for method in rule.methods & {"GET", "POST"}:
            answer = admin.open(path, method=method, data=form if method == "POST" else None)
            assert answer.status_code == 404, (path, method)
            tried += 1
    assert tried >= 6


def test_an_audit_page_before_an_endless_id_is_not_an_error_of_ours(admin):
    for before in (2**63, HUGE, -HUGE, "²"):
        assert admin.get(f"/admin/audit?before={before}").status_code in (200, 404)


def test_what_concerns_the_city_is_not_done_by_an_administrator_of_a_hall(faces, chief):
    with faces.parts.database.transaction() as session:
        staff = session.get(Staff, faces.officers[-1].id)
        bearer = api_tokens.create(session, staff, real_now=clock.real_now())
    client, headers = faces.app.test_client(), {"Authorization": f"Bearer {bearer}"}
    for method, path, body in (
        ("PUT", "/services/brand-new", SERVICE),
        ("PUT", "/services/brand-new/guide", {"guide": {}}),
        ("DELETE", "/services/brand-new/guide", None),
        ("PUT", "/services/brand-new/active", {"active": False}),
        ("POST", "/services/brand-new/pictures", {"data": "iVBORw0KGgo="}),
        ("PUT", "/packages/new", PACKAGE),
        ("DELETE", "/packages/new", None),
        ("PUT", "/synonyms", {"groups": []}),
        ("PUT", "/clock", {"rate": 1}),
        ("POST", "/doctor", {}),
        ("GET", "/simulator/messages", None),
        ("POST", "/simulator/conversation", {"phone": "13800138000"}),
        ("POST", "/simulator/replies", {"phone": "13800138000", "text": "1"}),
    ):
        answer = client.open(f"/api/v1{path}", method=method, json=body, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (403, "city_wide_only"), path
    body = FACTS | {"badge": ""}
    answer = client.post("/api/v1/staff", json=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (403, "halls_beyond_yours")
