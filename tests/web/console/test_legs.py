"""A visit of two lines as the officer, the kiosk and the citizen see it."""

from tests.web.console.test_console import say
from tests.web.hall_faces import press


def visit(faces):
    """A ticket of the first line that still has to go to the second."""
    legs = [{"group_id": faces.b.id, "service_ids": [faces.passport.id]}]
    return faces.waiting(1, service_ids=[faces.renewal.id], legs=legs)


def test_the_officer_is_told_where_to_send_the_citizen_and_the_next_one_takes_over(faces):
    ticket = visit(faces)
    first, desk = faces.officer(counter=0), faces.counter_url()
    press(first, desk, "next")
    page = first.get(desk).text
    assert "这次要去几个窗口" in page
    press(first, desk, "start", ticket=ticket.id)
    assert "办完，下一步去" in first.get(desk).text
    assert "这一步已办完，已排到" in say(press(first, desk, "finish", ticket=ticket.id), first)
    row = faces.read(type(ticket), ticket.id)
    assert (row.state, row.group_id, row.legs) == ("waiting", faces.b.id, [])


def test_the_rest_of_a_visit_can_be_left(faces):
    ticket = visit(faces)
    officer, desk = faces.officer(counter=0), faces.counter_url()
    press(officer, desk, "next")
    press(officer, desk, "start", ticket=ticket.id)
    assert "A001 已办结" in say(press(officer, desk, "finish-all", ticket=ticket.id), officer)
    assert faces.read(type(ticket), ticket.id).state == "completed"


def test_the_citizen_sees_what_comes_after_this_line(faces):
    ticket = visit(faces)
    page = faces.app.test_client().get(f"/q/{ticket.reference}").text
    assert "办完还要去" in page
    officer, desk = faces.officer(counter=0), faces.counter_url()
    for key in ("next", "start", "finish"):
        press(officer, desk, key, ticket=ticket.id)
    page = faces.app.test_client().get(f"/q/{ticket.reference}").text
    assert "号码不变，不用重新取号" in page
    assert "办完还要去" not in page
