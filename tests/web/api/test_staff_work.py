"""What staff notes while serving, hand-over and the back office, over the API."""

import pytest
from sqlalchemy import select

from catalog.models import Service
from tests.web.api.test_hall_work import _call, _open, _step


@pytest.fixture
def at_work(town):
    """A001 is being served at counter 1; the code of its service, which has one paper that may come later."""
    with town.parts.database.transaction() as session:
        service = session.scalars(select(Service).where(Service.group_code == "A")).first()
        service.materials = [
            {"code": "household", "name_zh": "户口簿", "name_en": "Register", "deferrable": True}
        ]
        code = service.code
    ticket = town.issue(services=[code])
    _open(town)
    _call(town)
    _step(town, ticket, "start")
    return ticket, code


def path(town, rest):
    return f"/halls/{town.hall}/{rest}"


def test_undo_takes_the_last_step_back_once(town, at_work):
    ticket, _code = at_work
    assert _step(town, ticket, "complete").json["state"] == "completed"
    assert _step(town, ticket, "undo").json["state"] == "serving"
    assert _step(town, ticket, "undo").json["code"] == "cannot_undo"


def test_a_ticket_is_sent_to_a_room_and_to_a_counter(town, at_work):
    ticket, _code = at_work
    assert _step(town, ticket, "room", {"reason": "photo", "room": "张三"}).json["code"] == "room_unreadable"
    assert _step(town, ticket, "room", {"reason": "photo", "room": "3"}).json["state"] == "parked"
    _step(town, ticket, "resume")
    assert _step(town, ticket, "counter", {"number": 1}).json["code"] == "same_counter"
    assert _step(town, ticket, "counter", {"number": 2}).json["code"] == "counter_not_open"


def test_services_papers_and_tasks_of_a_visit(town, at_work):
    ticket, code = at_work
    assert _step(town, ticket, "services", {"services": [code]}).status_code == 200
    assert _step(town, ticket, "services", {"services": ["nothing"]}).status_code == 404
    asked = {"service": code, "material": "household", "due_on": "2026-03-10"}
    address = path(town, f"tickets/{ticket['label']}/owed-papers")
    first = town.post(address, asked, who="officer", Idempotency_Key="k1")
    again = town.post(address, asked, who="officer", Idempotency_Key="k1")
    assert (first.status_code, first.json["state"], first.json["due_on"]) == (201, "owed", "2026-03-10")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert town.get(path(town, "owed-papers"), who="officer").json["papers"] == [first.json]
    made = town.post(path(town, f"tickets/{ticket['label']}/tasks"), {"service": code}, who="officer").json
    assert town.get(path(town, "tasks"), who="officer").json["tasks"] == [made]
    address = path(town, f"tasks/{made['task']}")
    assert town.post(f"{address}/ready", who="officer").json["state"] == "ready"
    assert town.post(f"{address}/collected", who="officer").json["state"] == "collected"
    assert town.post(f"{address}/ready", who="officer").json["code"] == "task_moved"


def test_a_counter_is_offered_and_a_ticket_chosen_with_permission_only(town, at_work):
    assert town.post(path(town, "counters/1/offer"), who="officer").json["offered"] is True
    assert town.post(path(town, "counters/1/keep"), who="officer").json["offered"] is False
    assert town.post(path(town, "counters/1/relieve"), who="officer").status_code == 200
    chosen = {"label": "A001", "why": "frail"}
    assert town.post(path(town, "counters/1/call"), chosen, who="officer").status_code == 403


def test_an_owed_paper_is_settled_once(town, at_work):
    ticket, code = at_work
    asked = {"service": code, "material": "household"}
    paper = town.post(path(town, f"tickets/{ticket['label']}/owed-papers"), asked, who="officer").json
    address = path(town, f"owed-papers/{paper['paper']}")
    done = town.post(f"{address}/settle", who="officer", Idempotency_Key="s1")
    assert (done.status_code, done.json["state"]) == (200, "settled")
    again = town.post(f"{address}/settle", who="officer", Idempotency_Key="s1")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert town.post(f"{address}/waive", who="officer").json["code"] == "owed_settled"
    assert town.get(path(town, "owed-papers"), who="officer").json["papers"] == []
    unknown = path(town, "owed-papers/AAAAAAAAAAAAAAAAAAAAAA/settle")
    assert town.post(unknown, who="officer").json["code"] == "owed_unknown"
    assert town.post(f"{address}/settle", who="desk").status_code == 403


def test_the_day_s_report_counts_what_happened(town, at_work):
    ticket, _code = at_work
    _step(town, ticket, "complete")
    town.issue()
    told = town.get(path(town, "day-report"), who="manager").json
    assert (told["hall"], told["made_at"]) == (town.hall, None)
    assert (told["counts"]["issued"], told["counts"]["completed"]) == (2, 1)
    assert told["ended"]["waiting"] == ["A002"]
    assert told["minutes"]["wait"]["mean"] is not None
    assert town.get(path(town, "day-report?on=2020-01-01"), who="manager").json["counts"]["issued"] == 0
    assert town.get(path(town, "day-report"), who="officer").status_code == 403
