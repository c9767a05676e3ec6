"""The queue's rule as an administrator sets it, and the calls that follow from it in the running hall."""

import re

import pytest
from sqlalchemy import select

from halls.models import Hall
from kernel.audit import AuditEntry
from people.models import Staff
from queueing.models import Call, Ticket
from queueing.policy import DISCIPLINES, QueuePolicy
from tests import build
from tests.web.hall_faces import press
from tests.web.staff_pages.conftest import Pages
from web.admin.queue_rules import NAMES, ORDERS

URL = "/admin/plans/yunzhou/queue"
HISTORY = "/admin/history/queue_policy/yunzhou"


def stored(faces):
    return faces.read(Hall, faces.hall.id).policy.get("queue", {})


def version(page):
    return re.search(r'name="version" value="(\d+)"', page).group(1)


def save(who, status=303, **typed):
    return who.send(URL, status, **{"version": version(who.get(URL)), "discipline": "promise", **typed})


def test_every_number_of_the_rule_has_its_field_and_every_order_its_words(chief):
    assert set(NAMES) == set(QueuePolicy.__dataclass_fields__)
    assert set(ORDERS) == set(DISCIPLINES)
    page = chief.get(URL)
    assert 'value="promise" checked' in page
    assert re.search(r'name="quick_share"[^>]* value="75"', page)
    assert re.search(r'name="promise_efficiency"[^>]* value=""', page)
    assert re.search(r'name="absent_after_seconds"[^>]* value="150"', page)


def test_only_what_differs_is_stored_and_audited_once(chief, faces):
    values = {"discipline": "strict", "quick_share": "50", "minimum_promise_seconds": "25", "green_run": "2"}
    save(chief, **values)
    assert stored(faces) == {"discipline": "strict", "quick_share": 0.5, "minimum_promise_seconds": 1500.0}
    save(chief, **values)
    with faces.parts.database.transaction() as session:
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "policy.save")).all()
    assert [entry.details["rules"] for entry in told] == [
        ["discipline", "minimum_promise_seconds", "quick_share"]
    ]


def test_what_follows_from_the_size_of_a_line_is_the_halls_own_once_it_is_typed(chief, faces):
    assert '<td class="num">75 %</td>' in chief.get(URL)
    save(chief, promise_efficiency="88")
    assert stored(faces) == {"promise_efficiency": 0.88}  # the program's default, and said all the same
    assert '<td class="num">88 %</td>' in chief.get(URL)
    save(chief)
    assert stored(faces) == {}


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"discipline": "lottery"}, "discipline"),
        ({"quick_share": "140"}, "quick_share"),
        ({"quick_share": "much"}, "quick_share"),
        ({"green_run": "1.5"}, "green_run"),
        ({"half_day_splits_at": "noon"}, "half_day_splits_at"),
        ({"second_call_after_seconds": "200"}, "absent_after_seconds"),
    ],
)
def test_wrong_values_are_refused_beside_their_field_and_kept_in_the_form(chief, faces, typed, field):
    page = save(chief, 422, **typed).text
    assert f'id="field-{field}-error"' in page
    assert stored(faces) == {}
    for name, value in typed.items():
        assert name == "discipline" or (f'name="{name}" type="' in page and f'value="{value}"' in page)


def test_of_two_editors_the_slower_one_is_told(chief, faces):
    seen = version(chief.get(URL))
    save(chief, discipline="fifo")
    chief.send(URL, 409, version=seen, discipline="strict")
    assert stored(faces) == {"discipline": "fifo"}


def test_each_state_is_kept_and_comes_back(chief, faces):
    save(chief, discipline="fifo", quick_share="60")
    save(chief, discipline="strict")
    page = chief.get(HISTORY)
    assert "先到先办" in page
    assert "短件先办" in page
    assert "60 %" in page
    assert "预约一律优先" in chief.get(f"{HISTORY}/2")
    chief.send(f"{HISTORY}/2")
    assert stored(faces) == {"discipline": "fifo", "quick_share": 0.6}
    chief.send(f"{HISTORY}/1")
    assert stored(faces) == {}


def test_is_for_who_may_edit_that_hall(faces, chief):
    other = faces.officer(roles=("admin",))
    with faces.parts.database.transaction() as session:
        session.get(Staff, faces.officers[-1].id).hall_ids = [build.make_hall(session).id]
    for client in (other, faces.officer(roles=("manager",))):
        for path in (URL, HISTORY, f"{HISTORY}/1"):
            assert client.get(path).status_code == 403, path
        Pages(client).send(URL, 403, discipline="fifo") if client is other else None
    assert stored(faces) == {}


#: Who waits at 10:20: label → when the ticket was issued, its key, and what else is known.
WAITING = {
    "W1": ("09:00", "10:10", {}),
    "W2": ("09:50", "10:40", {}),
    "W3": ("10:00", "10:45", {"quick": True}),
    "B1": ("10:05", "10:15", {"track": "booked", "slot_starts_at": build.at("10:15")}),
    "B2": ("09:40", "10:30", {"track": "booked", "slot_starts_at": build.at("10:30")}),
}
#: Discipline → the order in which one counter calls them, nobody else coming.
CALLED = {
    # Due by key, then quick before long, then who is early.
    "promise": ["W1", "B1", "W3", "W2", "B2"],
    # By the time of the ticket.
    "fifo": ["W1", "B2", "W2", "W3", "B1"],
    # Booked by slot, then the others by the time of the ticket.
    "strict": ["B1", "B2", "W1", "W2", "W3"],
    # 80, 30, 20 minutes × 15 % against 5 and −10 minutes since the slot.
    "accumulating": ["W1", "B1", "W2", "W3", "B2"],
}


@pytest.mark.parametrize("discipline", DISCIPLINES)
def test_the_running_hall_calls_in_the_order_that_was_chosen(chief, faces, discipline):
    save(chief, discipline=discipline)
    faces.at("10:20")
    for ordinal, (label, (issued, due, facts)) in enumerate(WAITING.items(), 1):
        times = {"issued_at": build.at(issued), "due_at": build.at(due), "promised_at": None}
        faces.waiting(ordinal, label=label, **times, **facts)
    officer, desk = faces.officer(counter=0), faces.counter_url()
    for _each in WAITING:
        press(officer, desk, "next")
        called = next(str(ticket.id) for ticket in faces.tickets() if ticket.state == "called")
        for action in ("start", "finish-all"):
            assert press(officer, desk, action, ticket=called).status_code == 303
    with faces.parts.database.transaction() as session:
        rows = session.scalars(select(Ticket.label).join(Call).order_by(Call.id))
        assert list(rows) == CALLED[discipline]
