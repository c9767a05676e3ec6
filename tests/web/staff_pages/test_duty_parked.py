"""The duty officer sees everybody who is put aside, and can send them back into their line."""

from queueing.models import Ticket
from tests.web.hall_faces import press, token


def park(faces):
    faces.waiting(1)
    officer, desk = faces.officer(counter=0), faces.counter_url()
    press(officer, desk, "next")
    [row] = faces.tickets()
    press(officer, desk, "start", ticket=row.id)
    press(officer, desk, "park", ticket=row.id, why="photo", room="照相室")
    return officer, desk, row.id


def test_lists_all_with_how_long_and_sends_them_back_into_line(faces):
    officer, desk, row = park(faces)
    duty, address = faces.officer(roles=("duty_officer",)), f"/duty/{faces.hall.code}/parked"
    assert "1 号窗口已关" not in duty.get(address).text
    press(officer, desk, "close")
    faces.at("09:40")
    page = duty.get(address).text
    for words in ("A001", "已暂挂 40 分钟", "照相", "1 号窗口已关"):
        assert words in page
    assert "暂挂 1 人" in duty.get("/duty/").text
    facts = {"csrf_token": token(page)}
    assert duty.post(f"{address}/{row}/return", data=facts).status_code == 303
    assert faces.read(Ticket, row).state == "waiting"
    assert "现在没有暂挂的号" in duty.get(address).text
    again = duty.post(f"{address}/{row}/return", data=facts)
    assert again.status_code == 409
    assert duty.post(f"{address}/{row + 1}/return", data=facts).status_code == 404


def test_is_for_duty_officers(faces):
    officer, desk, row = park(faces)
    address = f"/duty/{faces.hall.code}/parked"
    assert officer.get(address).status_code == 403
    facts = {"csrf_token": token(officer.get(desk).text)}
    assert officer.post(f"{address}/{row}/return", data=facts).status_code == 403
    assert faces.read(Ticket, row).state == "parked"
