"""The reference of a ticket leads to the rating of who serves it: no answer to staff holds one."""

import re
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from tests import build
from tests.web.api.town import Town
from web.api.tickets import STEPS

STAFF = {"admin", "officer", "desk"}
SECRETS = """
    SELECT reference FROM ticket UNION SELECT reference FROM survey UNION SELECT reference FROM appointment
"""
WITHOUT = {"reference", "survey", "appointment"}
FIRST = """
    call A001:recall A001:undo call A001:absent A001:reinstate call A001:start A001:park A001:resume A001:park
    A001:return call A001:start A001:transfer A001:abandon
"""
SECOND = "call A002:start A002:complete"
#: It is null to staff; a device prints it.
FOR_DEVICES = {("/api/v1/halls/{code}/check-ins", "reference"), ("/api/v1/halls/{code}/tickets", "reference")}
#: Names of their own: without the phone that asked they open nothing.
OF_ASKINGS = (
    "/api/v1/halls/{code}/appeals",
    "/api/v1/halls/{code}/special-requests",
    "/api/v1/halls/{code}/document-appeals",
)


@dataclass
class Listening(Town):
    """Keeps what staff is answered: operation → texts."""

    heard: dict[str, list[str]] = field(default_factory=dict)

    def call(
        self, method: str, path: str, body: Any = None, *, who: str = "", **headers: str
    ) -> TestResponse:
        answer = super().call(method, path, body, who=who, **headers)
        if who in STAFF:
            bare = f"/api/v1{path}".partition("?")[0]
            endpoint, _values = self.app.url_map.bind("localhost").match(bare, method)
            self.heard.setdefault(endpoint, []).append(answer.text)
        return answer


@pytest.fixture
def listening(town):
    return Listening(**{each.name: getattr(town, each.name) for each in fields(town)})


def _of_staff(app, *blueprints):
    """Endpoints of the API for who has a token."""
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(blueprints)
        and getattr(app.view_functions[rule.endpoint], "__guard__", "").startswith("bearer:")
    }


def _work(town, steps):
    """Each step tried twice: refusals and repeated answers are answers too."""
    counter = f"/halls/{town.hall}/counters/1"
    for press, what in enumerate(steps.split()):
        label, step = what.split(":") if ":" in what else ("", "")
        path = f"/halls/{town.hall}/tickets/{label}/{step}" if label else f"{counter}/call-next"
        body = {"group": "B"} if step == "transfer" else None
        answers = [
            town.post(path, body, who="officer", Idempotency_Key=f"{len(steps)}-{press}") for _ in range(2)
        ]
        assert answers[0].status_code == 200, (what, answers[0].text)
    town.get(f"/halls/{town.hall}/counters", who="officer")


def test_no_answer_to_staff_holds_the_reference_of_a_ticket_or_a_survey(listening):
    town = listening
    booked = town.post("/appointments", town.book_body(1)).json
    town.set_clock(build.at("09:50", build.TODAY + timedelta(days=1)))
    for _ in range(2):  # the second time with what the key kept
        given = town.post(
            f"/halls/{town.hall}/tickets", {"group": "A"}, who="officer", Idempotency_Key="press"
        )
        assert given.json["reference"] is None
    town.post(f"/halls/{town.hall}/counters/1/open", who="officer")
    assert {f"A001:{step}" for step in {*STEPS, "transfer"} - {"complete"}} <= set(FIRST.split())
    _work(town, FIRST)
    for key in ({"code": booked["code"]}, {"reference": booked["reference"]}):
        assert town.post(f"/halls/{town.hall}/check-ins", key, who="officer").json["reference"] is None
    _work(town, SECOND)
    town.post(f"/halls/{town.hall}/counters/1/pause", {"reason": "meal"}, who="officer")
    town.run_events()
    town.post("/doctor", {"hall": town.hall}, who="admin")
    assert _of_staff(town.app, "tickets.", "counters.") <= set(town.heard)
    with town.parts.database.transaction() as session:
        secrets = session.scalars(text(SECRETS)).all()
    assert len(secrets) >= 4  # two tickets, a survey, a booking
    told = {name: "\n".join(answers) for name, answers in town.heard.items()}
    assert [name for name, answers in told.items() if any(secret in answers for secret in secrets)] == []


def test_a_kiosk_gets_the_reference_that_it_prints_and_nothing_of_the_survey(town):
    given = town.issue()
    assert re.fullmatch(r"[A-Za-z0-9_-]{16,64}", given["reference"])
    assert "survey" not in given


def test_the_document_promises_staff_no_reference(town):
    document = town.client().get("/api/v1/openapi.json").json
    schemas = document["components"]["schemas"]

    def names(node):
        if isinstance(node, dict):
            if "$ref" in node:
                yield from names(schemas[node["$ref"].rpartition("/")[2]])
            for name, value in node.items():
                yield from value if name == "properties" else ()
                yield from names(value)
        elif isinstance(node, list):
            for one in node:
                yield from names(one)

    told = {
        (path, name)
        for path, methods in document["paths"].items()
        for operation in methods.values()
        if isinstance(operation, dict) and "security" in operation
        for status, response in operation["responses"].items()
        if status.startswith("2")
        for name in names(response)
    }
    secret = {each for each in told if each[1] in WITHOUT}
    assert {each for each in secret if not each[0].startswith(OF_ASKINGS)} == FOR_DEVICES
    assert {each[1] for each in secret if each[0].startswith(OF_ASKINGS)} == {"reference"}
