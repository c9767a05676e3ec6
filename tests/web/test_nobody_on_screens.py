"""No personal data on any screen or stream: what stands in public, or at a counter elsewhere, names nobody.

Every page of the screens and of the kiosk is read as the URL map lists it: a new one is read as soon as it
exists, and fails here until what it needs in its address is known.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import select

from booking.models import Appointment
from feedback.models import Survey
from halls.models import Hall
from kernel import clock
from kernel.actor import SYSTEM
from kernel.crypto import cipher
from people import devices
from people.citizens import identity_index
from people.identity import check_character
from queueing.arrival_code import arrival_code
from queueing.issue import IssueTicket, issue
from queueing.models import Ticket
from runtime.drain import drain
from runtime.job_queue import JobQueue
from runtime.jobs import make_work
from runtime.relay import Relay
from tests import build
from tests.queueing.hall_day import KIOSK
from tests.runtime.test_live import HANGS, Live, run_live
from tests.web.hall_faces import HASH, PASSWORD, Faces, press, token

SCREENS = ("display", "kiosk")
PIECE = 4  # so many digits of a number tell who it is to those who know the person
LONG_PIECE = 6  # in what no person reads, where four may stand by chance
ZONE = {"code": "east", "name_zh": "东区"}
LAST = "the-last"
TOPIC = re.compile(r"(hall|ticket):\d+")
#: A clip of sound, and the doors, which only set a cookie.
NO_PAGES = {"display.clip", "display.own_door", "kiosk.door"}
PUBLIC = (
    "/api/v1/halls/<hall_code>/board",
    "/api/v1/tickets/<reference>",
    "/q/<reference>",
    "/q/<reference>/live",
    "/queues",
)
#: Pages of what somebody is in the middle of, where nobody is.
NOT_NOW = {"booking": (302, 303, 409, 404), "booked": (302, 303, 409, 404), "live": (204,)}
#: What becomes of whom.
STEPS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "booked": [("start", {}), ("park", {"reason": "photo", "room": "3"})],
    "rating": [("start", {}), ("finish", {})],
    "walk_in": [("absent", {})],
    "green": [("start", {}), ("finish", {})],
}
ENDS = {"booked": "parked", "rating": "completed", "walk_in": "absent", "green": "completed"}


@dataclass(frozen=True)
class Person:
    name: str
    number: str
    phone: str

    def is_told_by(self, text: str) -> set[str]:
        """Name, and pieces of number and phone that a reader finds, masked or not."""
        pieces = {*_pieces(self.number, PIECE), *_pieces(self.phone, PIECE)}
        return {each for each in (self.name, self.name[:2], *pieces) if each in text}

    def is_hidden_in(self, source: str) -> set[str]:
        """The same in what only programs read: attributes, headers, streams."""
        pieces = {*_pieces(self.number, LONG_PIECE), *_pieces(self.phone, LONG_PIECE)}
        return {each for each in (self.name, *pieces) if each in source}


def _pieces(digits: str, length: int) -> set[str]:
    return {digits[at : at + length] for at in range(len(digits) - length + 1)}


def _person(name: str, seventeen: str, phone: str) -> Person:
    return Person(name, seventeen + check_character(seventeen), phone)


#: Of places and phones that do not exist; with digits that no clock, date, ticket or window shows.
PEOPLE = {
    "booked": _person("欧阳修远", "44988719790808779", "19977886655"),
    "away": _person("司徒静好", "44977819680707668", "19988667755"),
    "walk_in": _person("上官云起", "44966819570606557", "19955889977"),
    "green": _person("诸葛明朗", "44988619460909889", "19966995588"),
    "rating": _person("慕容听雨", "44955719880505998", "19977559988"),
}


@dataclass
class Town:
    """The hall with its people, and an officer of another hall."""

    faces: Faces
    tickets: dict[str, Ticket]
    bookings: dict[str, Appointment]
    officer: FlaskClient
    elsewhere: Hall
    counter_elsewhere: int
    display_token: str

    def check(self, where: str, answer: Any) -> None:
        """Nobody stands in what was answered; what is random in it is not looked at."""
        source = html.unescape(answer.get_data(as_text=True))
        for known in self.random_words():
            source = source.replace(known, " ")
        read = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", source, flags=re.DOTALL)
        for person in PEOPLE.values():
            assert person.is_told_by(read) == set(), where
            assert person.is_hidden_in(source + str(answer.headers)) == set(), where

    def random_words(self) -> list[str]:
        rows = [*self.tickets.values(), *self.bookings.values()]
        return [row.reference for row in rows] + [
            *(booking.code for booking in self.bookings.values()),
            arrival_code(self.faces.hall.id, build.TODAY),
        ]


@pytest.fixture
def live(redis_url: str) -> Iterator[Live]:
    yield from run_live(redis_url)


@pytest.fixture
def town(faces: Faces) -> Town:
    """Somebody of every kind is here: booked, without booking, accompanied; waiting and at the counter."""
    faces.at("09:30")
    with faces.parts.database.transaction() as session:
        hall = session.get_one(Hall, faces.hall.id)
        hall.policy = {"screens": {"zones": [ZONE]}}
        _device, display = devices.enrol(
            session, kind="display", hall_id=hall.id, name="北墙", actor=SYSTEM, now=clock.now()
        )
        elsewhere = build.make_hall(session, "elsewhere")
        group = build.make_group(session, elsewhere)
        build.make_plan(session, group)
        counter = build.make_counter(session, elsewhere, [group], 7)
    bookings = {kind: _booked(faces, PEOPLE[kind], time) for kind, time in BOOKED.items()}
    kiosk = faces.kiosk()
    tickets = {kind: _checked_in(faces, kiosk, PEOPLE[kind]) for kind in ("booked", "rating")}
    tickets |= {kind: _walked_in(faces, PEOPLE[kind], kind) for kind in ("walk_in", "green")}
    return Town(faces, tickets, bookings, faces.officer(counter=0), elsewhere, counter.id, display)


BOOKED = {"booked": "10:00", "rating": "09:30", "away": "10:30"}


def _booked(faces: Faces, person: Person, time: str) -> Appointment:
    keys = cipher()
    with faces.parts.database.transaction() as session:
        citizen = build.make_citizen(
            session,
            name=person.name,
            phone=f"+86{person.phone}",
            identity_kind="resident_id",
            identity_index=identity_index("resident_id", person.number),
            number_sealed=keys.encrypt(person.number, "citizen.number"),
        )
        slot = build.make_slot(session, faces.a, build.at(time))
        return build.make_appointment(
            session, slot, citizen, phone=f"+86{person.phone}", service_ids=[faces.renewal.id]
        )


def _checked_in(faces: Faces, kiosk: FlaskClient, person: Person) -> Ticket:
    """By the number of the document, as the reader types it; the answer shows nothing of it."""
    page = kiosk.get("/kiosk/yunzhou/check-in/document").text
    answer = kiosk.post(
        "/kiosk/yunzhou/check-in", data={"csrf_token": token(page), "document": person.number}
    )
    assert answer.status_code == 303, answer.text
    return faces.tickets()[-1]


def _walked_in(faces: Faces, person: Person, kind: str) -> Ticket:
    with faces.parts.database.transaction() as session:
        command = IssueTicket(
            faces.hall.id,
            faces.a.id,
            service_ids=(faces.renewal.id,),
            phone=f"+86{person.phone}",
            green_reason="elderly" if kind == "green" else None,
        )
        return issue(session, command, actor=KIOSK, now=clock.now())


def pages(town: Town) -> Iterator[tuple[str, FlaskClient]]:
    """Every address of screens and kiosk, with who reads it there, and what anybody may read."""
    wall = town.faces.app.test_client()
    assert wall.get(f"/my-screen/start?device={town.display_token}").status_code == 303
    readers = {"display": wall, "kiosk": town.faces.kiosk()}
    for rule in town.faces.app.url_map.iter_rules():
        blueprint = rule.endpoint.partition(".")[0]
        if blueprint in SCREENS and "GET" in (rule.methods or ()) and rule.endpoint not in NO_PAGES:
            for address in addresses(town, rule.rule):
                yield address, readers[blueprint]
    anybody = town.faces.app.test_client()
    for address in PUBLIC:
        for each in addresses(town, address):
            yield each, anybody


def addresses(town: Town, rule: str) -> list[str]:
    """The rule with everything of the hall in its place; a place that is not known here fails."""
    counters = [str(counter.number) for counter in town.faces.counters]
    known = {
        "hall_code": [town.faces.hall.code],
        "zone": [ZONE["code"]],
        "int:number": counters,
        "group_code": [town.faces.a.code, town.faces.b.code],
        "reference": [ticket.reference for ticket in town.tickets.values()],
    }
    found = [rule]
    for place in re.findall(r"<([^>]*)>", rule):
        found = [each.replace(f"<{place}>", value) for each in found for value in known[place]]
    return found


def read_all(town: Town) -> None:
    for address, reader in pages(town):
        answer = reader.get(address)
        assert answer.status_code in {200, *NOT_NOW.get(address.rpartition("/")[2], ())}, address
        town.check(address, answer)


def serve(town: Town) -> Iterator[str]:
    """Everybody is called, one after another, and goes another way; yields who was just called."""
    desk = town.faces.counter_url()
    for _ in town.tickets:
        press(town.officer, desk, "next")
        [called] = [ticket for ticket in town.faces.tickets() if ticket.state == "called"]
        kind = next(kind for kind, ticket in town.tickets.items() if ticket.id == called.id)
        yield kind
        for step, values in STEPS[kind]:
            assert press(town.officer, desk, step, ticket=str(called.id), **values).status_code == 303
    assert {kind: town.faces.read(Ticket, ticket.id).state for kind, ticket in town.tickets.items()} == ENDS


def test_screens_kiosks_and_what_anybody_may_read_name_nobody(town: Town) -> None:
    read_all(town)
    for called in serve(town):
        if called in {"booked", "walk_in"}:
            read_all(town)
    drain(town.faces.parts)
    _rate(town)
    read_all(town)


def _rate(town: Town) -> None:
    """Words that name their writer."""
    person = PEOPLE["rating"]
    with town.faces.parts.database.transaction() as session:
        survey = session.scalars(select(Survey).where(Survey.ticket_id == town.tickets["rating"].id)).one()
    words = f"{person.name}，{person.phone}，{person.number}"
    body = {"survey": survey.reference, "grade": 1, "reasons": [], "comment": words}
    assert town.faces.app.test_client().post("/api/v1/ratings", json=body).status_code == 201


def test_a_counter_of_another_hall_learns_nothing_of_anybody_here(town: Town) -> None:
    """Neither on its own pages nor when it asks for a number or a counter of this hall by name."""
    officer = officer_of(town.faces, town.elsewhere, counter=town.counter_elsewhere)
    there, here = f"/console/counters/{town.counter_elsewhere}", town.faces.counter_url()
    for called in serve(town):
        if called != "green":
            continue
        labels = [ticket.label for ticket in town.faces.tickets()]
        own = ["/console", there, f"{there}/desk", "/console/halls/elsewhere/reception"]
        own += [f"{there}/find?q={label}" for label in labels]
        for address in own:
            answer = officer.get(address, follow_redirects=True)
            assert answer.status_code == 200, address
            town.check(address, answer)
        asked = [here, f"{here}/desk", "/console/halls/yunzhou/reception"]
        for address in asked + [f"{here}/find?q={label}" for label in labels]:
            answer = officer.get(address)
            assert answer.status_code in (403, 404), address
            town.check(address, answer)


def officer_of(faces: Faces, hall: Hall, *, counter: int) -> FlaskClient:
    """Somebody who works in that hall alone, and sits at its counter."""
    with faces.parts.database.transaction() as session:
        staff = build.make_staff(session, password_hash=HASH, hall_ids=[hall.id])
    client = faces.app.test_client()
    facts = {"csrf_token": token(client.get("/sign-in").text), "username": staff.username}
    assert client.post("/sign-in", data=facts | {"password": PASSWORD}).status_code == 302
    press(client, f"/console/counters/{counter}", "open", page="/console")
    return client


def test_streams_say_that_something_changed_and_never_for_whom(town: Town, live: Live) -> None:
    """What comes down the wire for all topics of all pages, while everybody is served."""
    shown = [reader.get(address).text for address, reader in pages(town)]
    shown.append(town.officer.get(town.faces.counter_url()).text)
    streams = re.findall(r'data-stream="([^"]+)"', "".join(shown))
    listened = {parse_qs(urlsplit(html.unescape(each)).query)["topics"][0] for each in streams}
    assert listened == {f"hall:{town.faces.hall.id}"}
    topics = {LAST, *listened, *(f"ticket:{ticket.id}" for ticket in town.tickets.values())}
    parts = town.faces.parts
    relay = Relay(parts, make_work(parts), JobQueue(parts.redis))
    with requests.Session() as client:
        client.trust_env = False
        with client.get(live.stream_url(*sorted(topics)), stream=True, timeout=HANGS) as answer:
            lines = answer.iter_lines(chunk_size=1)
            assert next(lines)  # it listens
            for _called in serve(town):
                relay.round()
            live.nudge(LAST)
            heard = list(_until_the_last(lines))
    relay.close()
    nudges = [data for data in heard if "topic" in data]
    assert {data["topic"] for data in nudges} == topics
    assert all(set(data) == {"topic", "id"} and isinstance(data["id"], int) for data in nudges)
    assert all(TOPIC.fullmatch(data["topic"]) for data in nudges if data["topic"] != LAST)
    assert all(set(data) <= {"fed"} for data in heard if "topic" not in data)


def _until_the_last(lines: Iterator[bytes]) -> Iterator[dict[str, object]]:
    for line in lines:
        name, _colon, said = line.decode().partition(": ")
        assert name in ("", "id", "event", "data", "retry")
        for person in PEOPLE.values():
            assert person.is_hidden_in(said) == set()
        if name == "data":
            data = json.loads(said)
            yield data
            if data.get("topic") == LAST:
                return
