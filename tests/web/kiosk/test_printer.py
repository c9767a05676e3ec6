import base64
import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from kernel import clock
from kernel.actor import SYSTEM
from people import devices
from queueing.issue import IssueTicket, issue
from queueing.queries import get_ticket
from tests import build
from tests.fakes.printer import recording_printer
from tests.web.hall_faces import token
from web.kiosk import printer, raster
from web.qr import modules

PICTURE = bytes(range(72)) * 300


@pytest.fixture
def paper():
    with recording_printer() as found:
        yield found


def let_print(faces, address):
    with faces.parts.database.transaction() as session:
        device = devices.find_device(session, faces.kiosk_token)
        devices.change(session, device, shows="", printer=address, actor=SYSTEM, now=build.at("08:00"))


def send(faces, client, ticket, press="one", dots=PICTURE):
    page = client.get(f"/kiosk/yunzhou/ticket/{ticket.reference}").text
    facts = {"csrf_token": token(page), "press": press, "dots": base64.b64encode(dots).decode()}
    return client.post(f"/kiosk/yunzhou/ticket/{ticket.reference}/print", data=facts)


def test_every_dot_comes_out(paper):
    printer.print_dots(paper.address, PICTURE)
    assert b"".join(paper.papers[0]) == PICTURE


def test_a_printer_that_answers_nothing_is_trusted(paper, monkeypatch):
    monkeypatch.setattr(printer, "DONE_SECONDS", 0.3)
    paper.is_mute = True
    printer.print_dots(paper.address, PICTURE)
    assert len(paper.papers) == 1


def test_says_what_is_wrong_and_prints_nothing(paper):
    paper.run_out_of_paper()
    with pytest.raises(printer.PrinterOutOfPaper):
        printer.print_dots(paper.address, PICTURE)
    paper.paper = paper.state = 0b0001_0010
    paper.open_cover()
    with pytest.raises(printer.PrinterStopped):
        printer.print_dots(paper.address, PICTURE)
    assert paper.papers == []


def test_an_absent_printer_is_told_at_once():
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    with pytest.raises(printer.PrinterUnreachable):
        printer.print_dots(f"127.0.0.1:{port}", PICTURE)


@pytest.mark.parametrize("dots", [b"", b"x", bytes(72 * (raster.MOST_ROWS + 1))])
def test_only_whole_rows_of_the_papers_width_are_a_picture(dots):
    with pytest.raises(raster.PictureMalformed):
        raster.encode(dots)


def test_noise_on_the_line_says_nothing_about_the_printer():
    assert raster.read_state(0xFF, 0xFF) == raster.State()
    assert raster.read_state(None, None) == raster.State()


def test_a_press_prints_once_and_another_one_again(faces, paper):
    let_print(faces, paper.address)
    client, ticket = faces.kiosk(), faces.waiting(1)
    assert [send(faces, client, ticket).status_code for _ in range(2)] == [204, 204]
    assert len(paper.papers) == 1
    assert send(faces, client, ticket, press="two").status_code == 204
    assert len(paper.papers) == 2


def test_a_fault_is_said_and_the_same_press_may_try_again(faces, paper):
    let_print(faces, paper.address)
    client, ticket = faces.kiosk(), faces.waiting(1)
    paper.run_out_of_paper()
    answer = send(faces, client, ticket)
    assert answer.status_code == 503
    assert "缺纸" in answer.text
    assert "号码有效" in answer.text
    paper.paper = paper.state = 0b0001_0010
    assert send(faces, client, ticket).status_code == 204
    assert len(paper.papers) == 1


@pytest.mark.parametrize("breaks", ["silent", "gone"])
def test_a_printer_that_goes_offline_in_the_midst_is_said_and_the_same_press_prints_later(
    faces, paper, monkeypatch, breaks
):
    monkeypatch.setattr(printer, "DONE_SECONDS", 0.5)
    let_print(faces, paper.address)
    client, ticket = faces.kiosk(), faces.waiting(1)
    paper.breaks = breaks
    for _twice in range(2):
        answer = send(faces, client, ticket)
        assert answer.status_code == 503
        assert "打印机没有回应。号码有效" in answer.text
    assert paper.papers == []
    assert "A001" in client.get(f"/kiosk/yunzhou/ticket/{ticket.reference}").text
    monkeypatch.undo()
    paper.breaks = ""
    assert [send(faces, client, ticket).status_code for _ in range(2)] == [204, 204]
    assert len(paper.papers) == 1


def test_a_printer_that_never_says_when_all_is_out_is_asked_for_its_state(faces, paper, monkeypatch):
    monkeypatch.setattr(printer, "DONE_SECONDS", 0.3)
    monkeypatch.setattr(printer, "ANSWER_SECONDS", 60.0)
    let_print(faces, paper.address)
    client, ticket = faces.kiosk(), faces.waiting(1)
    paper.tells_end = False
    assert [send(faces, client, ticket).status_code for _ in range(2)] == [204, 204]
    assert len(paper.papers) == 1


def test_a_printer_that_said_so_before_and_no_longer_does_has_stopped(faces, paper, monkeypatch):
    monkeypatch.setattr(printer, "DONE_SECONDS", 60.0)
    monkeypatch.setattr(printer, "ANSWER_SECONDS", 60.0)
    let_print(faces, paper.address)
    client, ticket = faces.kiosk(), faces.waiting(1)
    assert send(faces, client, ticket).status_code == 204
    monkeypatch.setattr(printer, "DONE_SECONDS", 0.3)
    paper.tells_end = False
    answer = send(faces, client, ticket, press="two")
    assert answer.status_code == 503
    assert "打印机有故障。号码有效" in answer.text


def test_a_fault_during_a_ticket_is_told_by_the_state_alone(paper, monkeypatch):
    monkeypatch.setattr(printer, "DONE_SECONDS", 0.3)
    monkeypatch.setattr(printer, "ANSWER_SECONDS", 60.0)
    paper.tells_end = False
    paper.may_draw.clear()
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(printer.print_dots, paper.address, PICTURE)
        assert paper.drawing.wait(60)
        paper.open_cover()
        paper.may_draw.set()
        with pytest.raises(printer.PrinterStopped):
            sent.result()


def test_a_printer_known_never_to_say_so_is_not_waited_for_as_long_and_each_press_prints_once(
    faces, paper, monkeypatch
):
    monkeypatch.setattr(printer, "DONE_SECONDS", 0.3)
    monkeypatch.setattr(printer, "ANSWER_SECONDS", 60.0)
    let_print(faces, paper.address)
    client, ticket = faces.kiosk(), faces.waiting(1)
    paper.tells_end = False
    assert send(faces, client, ticket).status_code == 204
    monkeypatch.setattr(printer, "DONE_SECONDS", 90.0)
    monkeypatch.setattr(printer, "UNTOLD_SECONDS", 0.1)
    paper.asked_again.clear()
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(send, faces, client, ticket, "two")
        assert paper.asked_again.wait(60)  # else it is waited for until long after
        assert second.result().status_code == 204
    assert send(faces, client, ticket, "two").status_code == 204
    assert len(paper.papers) == 2
    paper.run_out_of_paper()
    assert "缺纸" in send(faces, client, ticket, "three").text
    assert len(paper.papers) == 2


def test_a_slow_printer_known_never_to_say_so_is_given_its_time(paper, monkeypatch):
    monkeypatch.setattr(printer, "UNTOLD_SECONDS", 0.1)
    monkeypatch.setattr(printer, "DONE_SECONDS", 90.0)
    monkeypatch.setattr(printer, "ANSWER_SECONDS", 60.0)
    paper.tells_end = False
    paper.may_draw.clear()
    paper.may_answer.clear()
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(printer.print_dots, paper.address, PICTURE, tells_end=False)
        assert paper.drawing.wait(60)
        monkeypatch.setattr(printer, "ANSWER_SECONDS", 0.01)
        paper.may_draw.set()
        assert paper.asked_again.wait(60)
        with pytest.raises(TimeoutError):  # it still listens
            sent.result(timeout=1)
        paper.may_answer.set()
        assert sent.result() is False
    assert len(paper.papers) == 1


def test_a_fault_is_not_taken_for_the_late_word_that_all_is_out(paper, monkeypatch):
    monkeypatch.setattr(printer, "UNTOLD_SECONDS", 0.1)
    monkeypatch.setattr(printer, "ANSWER_SECONDS", 60.0)
    paper.tells_late = True
    paper.may_answer.clear()
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(printer.print_dots, paper.address, PICTURE, tells_end=False)
        assert paper.asked_again.wait(60)
        paper.open_cover()
        paper.may_answer.set()
        with pytest.raises(printer.PrinterStopped):
            sent.result()


def test_the_same_press_waits_for_what_becomes_of_it(faces, paper, monkeypatch):
    monkeypatch.setattr(printer, "DONE_SECONDS", 60.0)
    let_print(faces, paper.address)
    client, ticket = faces.kiosk(), faces.waiting(1)
    paper.may_draw.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(send, faces, faces.kiosk(), ticket)
        assert paper.drawing.wait(60)
        assert send(faces, client, ticket).status_code == 202  # neither printed nor failed
        paper.may_draw.set()
        assert first.result().status_code == 204
    assert send(faces, client, ticket).status_code == 204
    assert len(paper.papers) == 1


def test_what_failed_unforeseen_leaves_no_mark(faces, paper, monkeypatch):
    let_print(faces, paper.address)
    client, ticket = faces.kiosk(), faces.waiting(1)
    monkeypatch.setattr(raster, "encode", lambda _dots: 1 // 0)
    assert send(faces, client, ticket).status_code == 500
    monkeypatch.undo()
    assert send(faces, client, ticket).status_code == 204
    assert len(paper.papers) == 1


def test_prints_only_for_its_own_hall_and_where_a_printer_is_set(faces, paper):
    client, ticket = faces.kiosk(), faces.waiting(1)
    here = f"/kiosk/yunzhou/ticket/{ticket.reference}"
    assert "paper-form" not in client.get(here).text
    facts = {"press": "p", "dots": base64.b64encode(PICTURE).decode()}
    facts["csrf_token"] = token(client.get("/kiosk/yunzhou/take/A").text)
    assert client.post(f"{here}/print", data=facts).status_code == 422
    let_print(faces, paper.address)
    for wrong in ("é", "AA", ""):
        assert client.post(f"{here}/print", data=facts | {"dots": wrong}).status_code == 422
    with faces.parts.database.transaction() as session:
        other = build.make_ticket(session, build.make_group(session, build.make_hall(session, "far")), 1)
    assert client.post(f"/kiosk/yunzhou/ticket/{other.reference}/print", data=facts).status_code == 404
    assert paper.papers == []


def test_the_paper_says_what_the_page_says_and_only_a_new_ticket_prints_by_itself(faces, paper):
    let_print(faces, paper.address)
    client, ticket = faces.kiosk(), faces.waiting(1)
    page = client.get(f"/kiosk/yunzhou/ticket/{ticket.reference}?new=1").text
    assert "data-at-once" in page
    drawn = page[page.index('id="paper"') :]
    for words in ("A001", "大约等候", "取号时间", "扫码看叫号进度，办完在同一页评价"):
        assert words in drawn
    assert modules(f"http://127.0.0.1:8000/q/{ticket.reference}") in drawn
    assert "data-at-once" not in client.get(f"/kiosk/yunzhou/ticket/{ticket.reference}").text


@pytest.mark.parametrize(
    ("green", "told"), [(None, r"> ?最迟叫号 \d\d:\d\d"), ("elderly", r"> ?估计最迟叫号 \d\d:\d\d")]
)
def test_only_who_was_promised_a_latest_time_reads_it_as_one_on_paper_and_phone(faces, paper, green, told):
    let_print(faces, paper.address)
    client = faces.kiosk()
    with faces.parts.database.transaction() as session:
        command = IssueTicket(faces.hall.id, faces.a.id, green_reason=green)
        reference = issue(session, command, actor=SYSTEM, now=clock.now()).reference
    page = client.get(f"/kiosk/yunzhou/ticket/{reference}").text
    assert re.search(told, page[page.index('id="paper"') :])
    assert ("<dt>最迟叫号</dt>" in page) == (green is None)
    phone = faces.app.test_client().get(f"/q/{reference}").text
    assert ("估计最迟" in phone) == (green is not None)
    with faces.parts.database.transaction() as session:
        get_ticket(session, reference).state = "absent"
    page = client.get(f"/kiosk/yunzhou/ticket/{reference}").text
    assert "最迟叫号" not in page  # the call was missed
