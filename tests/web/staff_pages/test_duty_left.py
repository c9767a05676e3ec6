"""Who waits when the windows have closed: on the duty officer's page, the cockpit, and their own ticket."""

import pytest

LATE = "17:30"


@pytest.fixture
def left(faces):
    """Nobody sits anywhere, the plan ended at five, and A001 waits."""
    ticket = faces.waiting(1, service_ids=[faces.renewal.id])
    faces.at(LATE)
    return ticket


def test_the_duty_officer_reads_who_is_left_and_what_to_do(faces, left):
    duty = faces.officer(roles=("duty_officer",))
    assert "窗口关了，还有 1 人在等" in duty.get("/duty/").text
    page = duty.get(f"/duty/{faces.hall.code}/left").text
    for words in ("A001", "户政", "17:00", "3 个工作日内"):
        assert words in page
    faces.at("16:00")
    assert "窗口关了，还有" not in duty.get("/duty/").text
    assert "没有人在关了的窗口前等" in duty.get(f"/duty/{faces.hall.code}/left").text


def test_the_page_is_for_duty_officers_of_the_hall(faces, left):
    assert faces.officer().get(f"/duty/{faces.hall.code}/left").status_code == 403


def test_the_cockpit_says_how_many_are_left(faces, left):
    manager = faces.officer(roles=("manager",))
    assert "窗口关了，还有 1 人在等" in manager.get("/cockpit/").text


def test_the_ticket_says_that_the_windows_have_closed_and_whom_to_ask(faces, left):
    page = faces.app.test_client().get(f"/q/{left.reference}").text
    for words in (
        "窗口已经关了",
        "17:00 停止办理",
        "值班长",
        "3 个工作日内",
        f"/services/{faces.renewal.code}/",
    ):
        assert words in page
    for wrong in ("下一位就是您", "大约再等", "最迟"):
        assert wrong not in page


def test_the_kiosk_and_the_screen_say_so_too(faces, left):
    shown = faces.kiosk().get(f"/kiosk/yunzhou/ticket/{left.reference}").text
    assert "窗口已经关了，请马上找工作人员或值班长" in shown
    assert "前面还有" not in shown
    screen = faces.app.test_client().get(f"/screen/{faces.hall.code}").text
    assert "还在等的请问工作人员" in screen
    assert "请稍候，即将叫号" not in screen
    faces.at("16:00")
    screen = faces.app.test_client().get(f"/screen/{faces.hall.code}").text
    assert "还在等的请问工作人员" not in screen
