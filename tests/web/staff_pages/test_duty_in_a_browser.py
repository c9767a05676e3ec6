"""The duty pages as people meet them: axe, and the pages of the citizen who asked."""

import os
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from tests import build
from tests.web.citizen.test_in_a_browser import complaints, violations
from tests.web.hall_faces import PASSWORD
from tests.web.staff_pages.test_duty import make_appeal, make_request, reserve

__all__ = ["reserve"]
SHOTS = os.environ.get("SHOTS", "")

pytestmark = pytest.mark.browser


@pytest.fixture
def address(faces) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, faces.app, threaded=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def shoot(page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_duty_pages_can_be_read_and_pressed_by_everybody(faces, reserve, address, chromium: Browser, lang):
    asked = make_request(faces, "urgent")
    make_request(faces, "green", 2)
    make_appeal(faces)
    booked = faces.appointment("11:00")
    faces.officer(roles=("duty_officer",))
    faces.at("11:10" if lang == "en" else "09:30")
    context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "lang", "value": lang, "url": address}])
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("[name=username]", faces.officers[-1].username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/staff")
    hall = f"/duty/{faces.hall.code}"
    day = build.TODAY.isoformat()
    paths = {
        "home": "/duty/",
        "requests": f"{hall}/requests",
        "request": f"{hall}/requests/{asked}",
        "appeals": f"{hall}/appeals",
        "book": f"{hall}/book?service={faces.renewal.code}&day={day}",
        "find": f"{hall}/correct?code=000000",
        "correct": f"{hall}/correct/{booked.reference}",
    }
    found = {}
    for name, path in paths.items():
        page.goto(path)
        found[name] = violations(page)
        shoot(page, f"duty-{name}-{lang}")
        page.set_viewport_size({"width": 320, "height": 640})
        found[name] += [each for each in complaints(page, 0) if each.startswith("wider")]
        page.set_viewport_size({"width": 1280, "height": 800})
    context.close()
    assert {name: told for name, told in found.items() if told} == {}
