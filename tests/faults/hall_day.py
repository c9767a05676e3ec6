"""Walk-ins and a counter, over HTTP: what a hall does while something is being broken."""

import uuid

from tests.faults.load import GROUP, HALL
from tests.faults.stage import Stage

COUNTER = 1


def open_counter(stage: Stage) -> None:
    stage.phone.insist("POST", f"/halls/{HALL}/counters/{COUNTER}/open", token=stage.token)


def take_tickets(stage: Stage, count: int) -> list[str]:
    """Labels of people who come without a booking, each with a phone."""
    tickets = []
    for number in range(count):
        body = {"group": GROUP, "phone": f"+86137{number:08d}", "press_id": uuid.uuid4().hex}
        answer = stage.phone.insist("POST", f"/halls/{HALL}/tickets", body, token=stage.token)
        assert answer.status == 201, answer
        tickets.append(answer.body["label"])
    return tickets


def call_next(stage: Stage) -> str:
    """The label of who was called."""
    path = f"/halls/{HALL}/counters/{COUNTER}/call-next"
    called = stage.phone.insist("POST", path, token=stage.token, key=uuid.uuid4().hex).body
    return str(called["ticket"]["label"])


def serve_next(stage: Stage, label: str = "") -> str:
    """The label of who was called and served; only served, where somebody was called already."""
    label = label or call_next(stage)
    for step in ("start", "complete"):
        answer = stage.phone.insist("POST", f"/halls/{HALL}/tickets/{label}/{step}", token=stage.token)
        assert answer.status == 200, answer
    return label


def check_tickets(stage: Stage, tickets: list[str], done: list[str]) -> None:
    """Everybody's ticket is there as it was given; who was served is, and is asked once."""
    rows = stage.ledger.rows("SELECT label, state FROM ticket")
    assert sorted(tickets) == sorted(label for label, _state in rows)
    assert sorted(done) == sorted(label for label, state in rows if state == "completed")
    surveys = stage.ledger.rows("SELECT label FROM survey JOIN ticket ON ticket.id = survey.ticket_id")
    assert sorted(label for (label,) in surveys) == sorted(done)
