import re

import pytest

from halls.models import Hall
from kernel import clock
from kernel.actor import SYSTEM
from people import devices
from queueing.arrival_code import arrival_code
from tests import build
from tests.web.hall_faces import press, set_clock

SCREEN = "/screen/yunzhou"


def calls_of(page):
    """Each call on the screen: its key, and whether it is too old to announce."""
    return re.findall(r'data-call="([\d-]+)"( data-stale)?', page)


def test_an_empty_screen_says_what_it_is_for(faces):
    client = faces.app.test_client()
    page = client.get(SCREEN).text
    assert "请稍候，即将叫号" in page
    assert "Numbers will be called here" in page


@pytest.mark.parametrize(
    "path", ["", "/board", "/zone/east", "/zone/east/board", "/window/1", "/window/1/board"]
)
def test_the_arrival_code_stands_on_no_screen_that_is_read_at_home(faces, path):
    with faces.parts.database.transaction() as session:
        hall = session.get(Hall, faces.hall.id)
        hall.policy = {"screens": {"zones": [{"code": "east", "name_zh": "东区"}]}}
    page = faces.app.test_client().get(f"{SCREEN}{path}")
    assert page.status_code == 200
    assert "签到码" not in page.text
    assert arrival_code(faces.hall.id, build.TODAY) not in page.text


@pytest.mark.parametrize("shows", ["", "zone:east", "zone:gone"])
def test_the_arrival_code_stands_on_the_screens_that_staff_hung_up(faces, shows):
    with faces.parts.database.transaction() as session:
        hall = session.get(Hall, faces.hall.id)
        hall.policy = {"screens": {"zones": [{"code": "east", "name_zh": "东区"}]}}
        facts = {"actor": SYSTEM, "now": build.at("08:00")}
        device, secret = devices.enrol(session, kind="display", hall_id=hall.id, name="北墙", **facts)
        devices.change(session, device, shows=shows, printer="", **facts)
    client = faces.app.test_client()
    assert client.get(f"/my-screen/start?device={secret}").location == "/my-screen"
    for path in ("/my-screen", "/my-screen/board"):
        assert arrival_code(faces.hall.id, build.TODAY) in client.get(path).text
    assert client.get(f"/my-screen/start?device={faces.kiosk_token}").status_code == 401


def test_all_words_of_the_screen_stand_in_both_languages(faces):
    faces.waiting(1)
    press(faces.officer(counter=0), faces.counter_url(), "next")
    page = re.sub(r"<[^>]+>", "", faces.app.test_client().get(SCREEN).text)
    for words in ("正在呼叫 Now calling", "等候 Waiting", "点此开启 Sound is off"):
        assert words in page


def test_an_unknown_hall_is_not_found(faces):
    assert faces.app.test_client().get("/screen/nowhere").status_code == 404


def test_shows_the_call_with_its_window_and_never_a_name(faces):
    booked = faces.appointment("09:00")
    kiosk = faces.kiosk()
    form = kiosk.get("/kiosk/yunzhou/check-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form).group(1)
    kiosk.post("/kiosk/yunzhou/check-in", data={"csrf_token": token, "code": booked.code})
    press(faces.officer(counter=1), faces.counter_url(1), "next")
    page = faces.app.test_client().get(SCREEN).text
    assert "A001" in page
    assert "到 2 号窗口" in page
    assert "please go to counter 2" in page
    assert "预约" in page
    assert "张" not in page


def test_a_repeated_call_is_announced_again_and_an_old_one_is_not(faces):
    faces.waiting(1)
    client, desk = faces.officer(counter=0), faces.counter_url()
    press(client, desk, "next")
    screen = faces.app.test_client()
    [(first, stale)] = calls_of(screen.get(SCREEN).text)
    assert stale == ""
    faces.at("09:02")
    [(same, stale)] = calls_of(screen.get(SCREEN).text)
    assert (same, stale) == (first, " data-stale")
    press(client, desk, "recall", ticket=faces.tickets()[0].id)
    [(again, stale)] = calls_of(screen.get(SCREEN).text)
    assert again != first
    assert stale == ""


def test_the_minute_of_an_announcement_is_that_of_the_people_however_fast_the_demonstration_runs(faces):
    faces.waiting(1)
    press(faces.officer(counter=0), faces.counter_url(), "next")
    set_clock(faces.parts, build.at("09:20"), rate=120)
    assert clock.now() < build.at("09:40")
    [(_key, stale)] = calls_of(faces.app.test_client().get(SCREEN).text)
    assert stale == ""


def test_an_unchanged_screen_costs_nothing(faces):
    client = faces.app.test_client()
    first = client.get(f"{SCREEN}/board")
    same = {"If-None-Match": first.headers["ETag"]}
    assert client.get(f"{SCREEN}/board", headers=same).status_code == 304
    faces.waiting(1)
    assert client.get(f"{SCREEN}/board", headers=same).status_code == 200


def test_is_dark_at_night_unless_somebody_waits(faces):
    client = faces.app.test_client()
    assert "board--off" not in client.get(SCREEN).text
    faces.at("22:30")
    assert "board--off" in client.get(SCREEN).text
    faces.waiting(1)
    assert "board--off" not in client.get(SCREEN).text


def test_a_call_that_was_answered_is_no_longer_the_one_that_calls(faces):
    faces.waiting(1)
    client, desk = faces.officer(counter=0), faces.counter_url()
    press(client, desk, "next")
    screen = faces.app.test_client()
    assert "最近叫号 <span" not in screen.get(SCREEN).text
    press(client, desk, "start", ticket=faces.tickets()[0].id)
    page = screen.get(SCREEN).text
    assert "最近叫号 <span" in page
    assert "Now calling" not in page
    assert "到 1 号窗口" in page


def test_once_the_windows_have_closed_an_old_call_gives_way_to_the_way_to_the_staff(faces):
    for ordinal in (1, 2):
        faces.waiting(ordinal)
    client, desk = faces.officer(counter=0), faces.counter_url()
    for key in ("next", "start", "finish"):
        press(client, desk, key, ticket=faces.tickets()[0].id)
    screen = faces.app.test_client()
    assert "到 1 号窗口" in screen.get(SCREEN).text
    faces.at("17:05")
    press(client, desk, "close")
    page = screen.get(SCREEN).text
    assert "窗口已关，请问工作人员" in page
    assert "到 1 号窗口" not in page
