import re

from people import devices
from people.models import Device
from tests.web.hall_faces import token


def shown_code(device):
    return re.search(r'class="pair-code"[^>]*>([\d ]+)<', device.get("/pair").text).group(1)


def send(chief, code, **values):
    facts = {"csrf_token": token(chief.client.get("/admin/devices").text), "hall": "yunzhou", "code": code}
    return chief.client.post("/admin/devices/pair", data={**facts, **values})


def test_a_kiosk_shows_a_code_and_works_once_staff_typed_it(faces, chief):
    device = faces.app.test_client()
    first = device.get("/pair")
    assert first.headers["Refresh"] == "4"
    code = shown_code(device)
    secret = device.get_cookie("pairing", path="/pair").value
    assert secret not in first.text
    assert device.get("/kiosk/yunzhou/home").status_code == 401
    assert send(chief, code, kind="kiosk", name="东门", printer="192.168.1.50").status_code == 303
    entered = device.get("/pair")
    assert entered.location == "/kiosk/yunzhou/home"
    cookies = entered.headers.getlist("Set-Cookie")
    assert any(
        each.startswith("device=") and "HttpOnly" in each and "Path=/kiosk/yunzhou" in each
        for each in cookies
    )
    assert "现场取号" in device.get("/kiosk/yunzhou/home").text
    assert "192.168.1.50" in chief.get("/admin/devices")


def test_a_wrong_code_is_explained_and_enrols_nothing(faces, chief):
    code = shown_code(faces.app.test_client())
    answer = send(chief, f"{(int(code.replace(' ', '')) + 1) % 10**8:08d}", kind="kiosk")
    assert answer.status_code == 422
    assert "没有设备显示这个配对码" in answer.text
    for _more in range(4):
        send(chief, "1", kind="kiosk")
    assert send(chief, code, kind="kiosk").status_code == 429


def test_a_screen_shows_its_hall_until_it_is_withdrawn(faces, chief):
    device = faces.app.test_client()
    send(chief, shown_code(device), kind="display", name="北墙")
    assert device.get("/pair").location == "/my-screen"
    page = device.get("/my-screen").text
    assert 'data-fragment="/my-screen/board"' in page
    assert "请稍候，即将叫号" in page
    with faces.parts.database.transaction() as session:
        row = session.query(Device).filter_by(kind="display").one()
        chief_page = chief.get("/admin/devices")
    faces_token = token(chief_page)
    chief.client.post(f"/admin/devices/{row.id}/withdraw", data={"csrf_token": faces_token})
    gone = device.get("/my-screen/board")
    assert gone.status_code == 401
    assert "/pair" in gone.text


def test_staff_of_another_hall_pair_nothing_here(faces, hall_chief):
    with faces.parts.database.transaction() as session:
        from tests import build  # noqa: PLC0415

        build.make_hall(session, "elsewhere")
    code = shown_code(faces.app.test_client())
    facts = {"csrf_token": token(hall_chief.client.get("/admin/devices").text), "hall": "elsewhere"}
    assert hall_chief.client.post("/admin/devices/pair", data={**facts, "code": code}).status_code == 403


def test_where_a_kiosk_prints_is_changed_at_its_row(faces, chief):
    with faces.parts.database.transaction() as session:
        device = devices.find_device(session, faces.kiosk_token)
    path = f"/admin/devices/{device.id}"
    chief.send(path, printer="10.0.0.9:9100")
    assert faces.read(Device, device.id).printer == "10.0.0.9:9100"
    chief.send(path, status=422, printer="8.8.8.8")
    assert faces.read(Device, device.id).printer == "10.0.0.9:9100"
