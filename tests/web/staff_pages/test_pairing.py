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
    assert "内网 IP" in chief.send(path, status=422, prints="network", printer="8.8.8.8").text
    assert faces.read(Device, device.id).printer == "10.0.0.9:9100"


def test_a_printer_outside_the_own_network_is_told_at_its_field_and_keeps_what_was_typed(faces, chief):
    code = shown_code(faces.app.test_client())
    answer = send(chief, code, kind="kiosk", name="东门", prints="network", printer="8.8.8.8")
    assert answer.status_code == 422
    assert 'href="#field-printer"' in answer.text
    for typed in (code, "东门", "8.8.8.8"):
        assert f'value="{typed}"' in answer.text
    assert send(chief, code, kind="kiosk", prints="network", printer="").status_code == 422
    assert send(chief, code, kind="kiosk", prints="network", printer="10.1.2.3").status_code == 303


def test_a_kiosk_prints_by_its_browser_chosen_in_words(faces, chief):
    with faces.parts.database.transaction() as session:
        device = devices.find_device(session, faces.kiosk_token)
    chief.send(f"/admin/devices/{device.id}", prints="browser", printer="")
    assert faces.read(Device, device.id).printer == "browser"
    row = chief.get("/admin/devices").split(f'action="/admin/devices/{device.id}"')[0]
    assert row.rstrip().rpartition("<td>")[2].startswith("本机浏览器直接打印")


def test_a_screen_is_given_a_window_of_its_own_hall_by_name(faces, chief):
    with faces.parts.database.transaction() as session:
        from tests import build  # noqa: PLC0415

        build.make_hall(session, "elsewhere")
    device = faces.app.test_client()
    code, window = shown_code(device), f"window:{faces.counters[0].number}"
    assert f'value="yunzhou/{window}">' in chief.get("/admin/devices")
    refused = send(chief, code, kind="display", hall="elsewhere", shows=f"yunzhou/{window}")
    assert refused.status_code == 422
    assert "所选的区域或窗口不在这个大厅" in refused.text
    assert send(chief, code, kind="display", shows=f"yunzhou/{window}").status_code == 303
    with faces.parts.database.transaction() as session:
        row = session.query(Device).filter_by(kind="display").one()
        assert row.shows == window
    chief.send(f"/admin/devices/{row.id}", 422, shows="window:99")
    chief.send(f"/admin/devices/{row.id}", shows="")
    assert faces.read(Device, row.id).shows == ""


def test_a_screen_of_a_window_that_is_gone_says_so_and_may_stay(faces, chief):
    device = faces.app.test_client()
    send(chief, shown_code(device), kind="display")
    with faces.parts.database.transaction() as session:
        row = session.query(Device).filter_by(kind="display").one()
        row.shows = "window:99"
    assert "已没有的区域或窗口" in chief.get("/admin/devices")
    chief.send(f"/admin/devices/{row.id}", shows="window:99")
    assert faces.read(Device, row.id).shows == "window:99"
