import re

import pytest

from halls.models import Hall
from kernel import audit
from kernel.actor import SYSTEM
from people.models import Device, Staff
from tests import build
from tests.web.hall_faces import token


@pytest.fixture
def admin(faces):
    client = faces.officer(roles=("admin",))
    with faces.parts.database.transaction() as session:
        session.get(Staff, faces.officers[-1].id).hall_ids = None
    return client


def test_only_administrators_see_administration(faces):
    officer = faces.officer()
    for path in (
        "/admin/",
        "/admin/halls",
        "/admin/services",
        "/admin/guides",
        "/admin/staff",
        "/admin/devices",
        "/admin/audit",
    ):
        assert officer.get(path).status_code == 403
        assert faces.app.test_client().get(path).status_code == 302


def test_shows_halls_with_their_lines_and_counters(admin, faces):
    page = admin.get("/admin/halls").text
    assert faces.hall.name_zh in page
    assert "A 户政" in page


def test_adds_an_account_with_a_role_that_can_sign_in(admin, faces):
    facts = {"username": "newone", "name": "新人", "password": "ten letters or more", "roles": ["officer"]}
    answer = admin.post("/admin/staff", data={**facts, "csrf_token": token(admin.get("/admin/staff").text)})
    assert answer.status_code == 303
    client = faces.app.test_client()
    form = {
        "csrf_token": token(client.get("/sign-in").text),
        "username": "newone",
        "password": facts["password"],
    }
    assert client.post("/sign-in", data=form).location == "/staff"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"password": "short"}, "密码至少需要"),
        ({"username": ""}, "用户名请用"),
        ({"username": "<b>x</b>"}, "用户名请用"),
        ({"roles": ["king"]}, "没有这个角色"),
    ],
)
def test_a_wrong_account_is_refused_with_what_was_typed_kept(admin, faces, wrong, sentence):
    facts = {
        "username": "newone",
        "name": "新人",
        "password": "ten letters or more",
        "roles": ["officer"],
    } | wrong
    answer = admin.post("/admin/staff", data={**facts, "csrf_token": token(admin.get("/admin/staff").text)})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "新人" in answer.text
    with faces.parts.database.transaction() as session:
        assert session.query(Staff).filter_by(name="新人").count() == 0


def test_an_enrolled_kiosk_works_by_its_address_and_no_longer_once_withdrawn(admin, faces):
    facts = {"hall": faces.hall.code, "name": "东门", "csrf_token": token(admin.get("/admin/devices").text)}
    page = admin.post("/admin/devices", data=facts).text
    path = re.search(r"<code>http://[^/]+(/kiosk/[^<]+)</code>", page).group(1)
    kiosk = faces.app.test_client()
    assert kiosk.get(path).status_code == 303
    assert kiosk.get(f"/kiosk/{faces.hall.code}", follow_redirects=True).status_code == 200
    with faces.parts.database.transaction() as session:
        device = session.query(Device).filter_by(name="东门").one()
    admin.post(f"/admin/devices/{device.id}/withdraw", data={"csrf_token": token(page)})
    assert kiosk.get(f"/kiosk/{faces.hall.code}", follow_redirects=True).status_code == 401


def test_an_enrolled_screen_works_by_its_address_until_it_is_withdrawn(admin, faces):
    facts = {"kind": "display", "hall": faces.hall.code, "name": "东墙"}
    facts["csrf_token"] = token(admin.get("/admin/devices").text)
    page = admin.post("/admin/devices", data=facts).text
    [address] = re.findall(r"<code>([^<]+)</code>", page)
    start, secret = address.split("?device=")
    assert start == f"{faces.parts.settings.base_url}/my-screen/start"
    screen = faces.app.test_client()
    address = f"/my-screen/start?device={secret}"
    answer = screen.get(address)
    assert (answer.status_code, answer.location) == (303, "/my-screen")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "手机签到码" in screen.get("/my-screen").text
    assert re.search(r"东墙</th><td>叫号屏</td>", page)
    with faces.parts.database.transaction() as session:
        device = session.query(Device).filter_by(name="东墙").one()
    admin.post(f"/admin/devices/{device.id}/withdraw", data={"csrf_token": token(page)})
    assert screen.get("/my-screen/board").status_code == 401
    gone = screen.get(address)
    assert gone.status_code == 401
    assert secret not in gone.text


def test_a_device_of_no_kind_is_refused(admin, faces):
    facts = {"kind": "toaster", "hall": faces.hall.code, "name": "x"}
    facts["csrf_token"] = token(admin.get("/admin/devices").text)
    answer = admin.post("/admin/devices", data=facts)
    assert answer.status_code == 422
    assert "没有这种设备" in answer.text


def test_the_audit_shows_who_did_what(admin, faces):
    admin.post(
        "/admin/devices",
        data={"hall": faces.hall.code, "name": "东门", "csrf_token": token(admin.get("/admin/devices").text)},
    )
    page = admin.get("/admin/audit").text
    assert "登记设备" in page
    assert "设备 东门" in page
    assert "device.enrol</" not in page
    assert faces.officers[0].username in page


def test_devices_and_the_audit_tell_the_time_of_their_hall(admin, faces):
    with faces.parts.database.transaction() as session:
        session.get(Hall, faces.hall.id).time_zone = "America/New_York"
        session.query(Device).update({Device.created_at: build.at("09:00")})
        audit.record(
            session,
            "test.done",
            actor=SYSTEM,
            now=build.at("09:07"),
            subject=("hall", 1),
            hall_id=faces.hall.id,
        )
    devices, audited = (
        re.sub(r"<[^>]+>", "", admin.get(f"/admin/{name}").text) for name in ("devices", "audit")
    )
    assert "2026-03-01 20:00" in devices
    assert "03-01 20:07:00" in audited
