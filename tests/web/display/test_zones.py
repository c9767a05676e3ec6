import re

import pytest

from halls.models import Hall
from halls.screen_edit import ScreenSettingsInvalid, save_screens
from kernel.actor import SYSTEM
from people import devices
from people.models import Device
from queueing.board import CALLS_SHOWN
from tests import build
from tests.web.hall_faces import press

EAST = {"code": "east", "name_zh": "东区", "name_en": "East", "groups": ["A"], "counters": [1]}


def set_screens(faces, **values):
    with faces.parts.database.transaction() as session:
        hall = session.get(Hall, faces.hall.id)
        facts = {"actor": SYSTEM, "now": build.at("08:00")}
        save_screens(session, hall, values, version=hall.policy_version, **facts)


def look(faces, path=""):
    answer = faces.app.test_client().get(f"/screen/yunzhou{path}")
    assert answer.status_code == 200
    return answer.text


def call_two(faces):
    """A001 to counter 1, B001 to counter 2."""
    faces.waiting(1)
    press(faces.officer(counter=0), faces.counter_url(0), "next")
    faces.waiting(1, faces.b)
    press(faces.officer(counter=1), faces.counter_url(1), "next")


def test_a_zone_shows_the_calls_of_its_lines_and_counters_only(faces):
    set_screens(faces, zones=[EAST, {"code": "west", "name_zh": "西区", "counters": [2]}])
    call_two(faces)
    east, west = look(faces, "/zone/east"), look(faces, "/zone/west")
    assert "A001" in east
    assert "B001" not in east
    assert "东区" in east
    assert "出入境" not in east
    assert "B001" in west
    assert "A001" not in west
    whole = look(faces)
    assert "A001" in whole
    assert "B001" in whole
    assert "east/board" in east


def test_a_zone_that_is_not_there_is_not_found(faces):
    assert faces.app.test_client().get("/screen/yunzhou/zone/north").status_code == 404


def test_a_zone_names_lines_and_counters_that_there_are(faces):
    with pytest.raises(ScreenSettingsInvalid):
        set_screens(faces, zones=[EAST | {"counters": [9]}])


def test_the_screen_of_a_window_follows_its_counter(faces):
    assert "未开放" in look(faces, "/window/1")
    faces.waiting(1)
    officer = faces.officer(counter=0)
    assert "请稍候" in look(faces, "/window/1")
    press(officer, faces.counter_url(), "next")
    page = look(faces, "/window/1")
    assert "A001" in page
    assert "请到本窗口" in page
    assert "A001" not in look(faces, "/window/2")
    row = faces.tickets()[0]
    press(officer, faces.counter_url(), "start", ticket=row.id)
    assert "正在办理" in look(faces, "/window/1")
    press(officer, faces.counter_url(), "finish", ticket=row.id)
    assert "A001" not in look(faces, "/window/1")
    press(officer, faces.counter_url(), "pause", reason="break")
    assert "暂停办理" in look(faces, "/window/1")
    assert faces.app.test_client().get("/screen/yunzhou/window/9").status_code == 404


def test_the_screen_of_a_window_shows_who_is_served_on_after_others(faces):
    officer, url = faces.officer(counter=0), faces.counter_url(0)
    first = faces.waiting(1)
    press(officer, url, "next")
    press(officer, url, "start", ticket=first.id)
    press(officer, url, "park", ticket=first.id)
    for ordinal in range(2, 2 + CALLS_SHOWN):
        other = faces.waiting(ordinal)
        press(officer, url, "next")
        press(officer, url, "start", ticket=other.id)
        press(officer, url, "finish", ticket=other.id)
    assert "请稍候" in look(faces, "/window/1")
    press(officer, url, "resume", ticket=first.id)
    page = look(faces, "/window/1")
    assert "正在办理" in page
    assert "A001" in page
    assert "请稍候" not in page


def test_screens_name_the_counter_that_serves_on(faces):
    set_screens(faces, zones=[EAST, {"code": "west", "name_zh": "西区", "counters": [2]}])
    ticket = faces.waiting(1)
    officer, url = faces.officer(counter=0), faces.counter_url(0)
    press(officer, url, "next")
    press(officer, url, "start", ticket=ticket.id)
    press(officer, url, "park", ticket=ticket.id)
    assert 'data-counter="1"' in look(faces)
    other, other_url = faces.officer(counter=1), faces.counter_url(1)
    press(other, other_url, "resume", ticket=ticket.id)
    for finished in (False, True):
        assert 'data-counter="2"' in look(faces)
        assert 'data-counter="1"' not in look(faces)
        assert "A001" not in look(faces, "/window/1")
        assert "A001" not in look(faces, "/zone/east")
        if not finished:
            assert "请稍候" in look(faces, "/window/1")
            assert "正在办理" in look(faces, "/window/2")
            assert "A001" in look(faces, "/window/2")
            assert "A001" in look(faces, "/zone/west")
            press(other, other_url, "finish", ticket=ticket.id)


def test_a_paired_screen_shows_what_staff_choose_and_the_hall_when_that_is_gone(faces):
    set_screens(faces, zones=[EAST])
    with faces.parts.database.transaction() as session:
        device, secret = devices.enrol(
            session, kind="display", hall_id=faces.hall.id, name="北墙", actor=SYSTEM, now=build.at("08:00")
        )
    client = faces.app.test_client()
    client.set_cookie("device", secret, path="/my-screen")
    seen = {}
    for shows in ("", "zone:east", "window:2", "zone:gone", "window:x"):
        with faces.parts.database.transaction() as session:
            row = session.get(Device, device.id)
            devices.change(session, row, shows=shows, printer="", actor=SYSTEM, now=build.at("08:00"))
        seen[shows] = client.get("/my-screen/board").text
    assert "东区" in seen["zone:east"]
    assert "board--window" in seen["window:2"]
    assert seen["zone:gone"] == seen["window:x"] == seen[""]


def test_larger_type_leaves_fewer_calls(faces):
    for ordinal in range(1, 8):
        faces.waiting(ordinal)
    officer = faces.officer(counter=0)
    for row in faces.tickets():
        press(officer, faces.counter_url(), "next")
        press(officer, faces.counter_url(), "start", ticket=row.id)
        press(officer, faces.counter_url(), "finish", ticket=row.id)
    counts = {}
    for metres in (12, 20, 28):
        set_screens(faces, last_chair_m=metres)
        counts[metres] = len(re.findall(r"data-call=", look(faces))) - 1
    assert counts == {12: 6, 20: 4, 28: 3}


def test_silent_calling_marks_the_board_for_the_hall_or_for_a_zone(faces):
    set_screens(faces, zones=[EAST | {"silent": True}])
    assert "data-silent" not in look(faces)
    assert "data-silent" in look(faces, "/zone/east")
    set_screens(faces, silent=True, english=True, zones=[EAST | {"silent": False}])
    assert "data-silent" in look(faces)
    assert "data-silent" not in look(faces, "/zone/east")
    assert "data-english" in look(faces)


def test_the_hall_says_when_its_screens_rest(faces):
    assert "board--off" not in look(faces)
    set_screens(faces, night_from="08:00", night_to="10:00")
    assert "board--off" in look(faces)
