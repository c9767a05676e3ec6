"""A whole hour of the demonstration at thirty times its speed, before a console, a kiosk, two screens and a phone.

At the end each page must show what the database says, without having been loaded again. Once in peace, and
once while web workers, the live process and PostgreSQL are killed.
"""

import json
import os
import random
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.faults.hall_hour import HOUR, RATE, Hour
from tests.faults.load import HALL
from tests.faults.stage import Stage, now, report, staged
from tests.faults.test_processes_killed import kill, kill_web_worker
from tests.journey.browser import DESK, KIOSK, SCREEN, Faces
from tests.journey.hands import Kiosk, Screen, Window, sign_in

pytestmark = [pytest.mark.faults, pytest.mark.browser]

CONSOLE = 1
RIGHT_WITHIN = 20.0  # a screen 15 s, a phone asks every 12 to 18 s
#: What the console's big field says → the key that an officer presses then.
KEYS = {"窗口空闲": "Enter", "正在呼叫": "S", "正在办理": "F"}

CALLS = """
    SELECT label, counter.number FROM call
    JOIN ticket ON ticket.id = call.ticket_id JOIN counter ON counter.id = call.counter_id
    JOIN hall ON hall.id = call.hall_id
    WHERE hall.code = :hall AND ticket.on_date = :day
      AND ticket.state IN ('called', 'serving', 'completed', 'parked', 'absent')
      AND call.id = (SELECT max(id) FROM call AS later WHERE later.ticket_id = ticket.id)
    ORDER BY last_called_at DESC, call.id DESC LIMIT 7
"""
WAITING = """
    SELECT letter, count(ticket.id) FROM service_group JOIN hall ON hall.id = service_group.hall_id
    LEFT JOIN ticket ON ticket.group_id = service_group.id AND ticket.state = 'waiting' AND on_date = :day
    WHERE hall.code = :hall GROUP BY letter ORDER BY letter
"""
AT_COUNTER = """
    SELECT label, ticket.state FROM ticket JOIN counter ON counter.id = ticket.counter_id
    JOIN hall ON hall.id = ticket.hall_id
    WHERE hall.code = :hall AND counter.number = :number AND ticket.state IN ('called', 'serving')
"""
TICKET = "SELECT label, state FROM ticket WHERE reference = :reference"
COUNTERS = """
    SELECT DISTINCT number FROM counter JOIN hall ON hall.id = counter.hall_id
    JOIN counter_skill ON counter_skill.counter_id = counter.id
    JOIN service_group ON service_group.id = counter_skill.group_id
    WHERE hall.code = :hall AND letter IN ('A', 'B') AND number <> :mine ORDER BY number LIMIT 3
"""


@dataclass
class Room:
    """The pages, and who works them."""

    stage: Stage
    console: Page
    kiosk: Kiosk
    screens: list[Page]
    phone: Page
    day: object
    mine: str = ""  # the reference of the phone's ticket

    def rows(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        return self.stage.ledger.rows(statement, hall=HALL, **values)

    def work(self, chance: random.Random) -> None:
        """One look around: the officer at the console presses a key, somebody takes a number at the kiosk."""
        with suppress(Error):  # the console takes no key yet, or the server is away: the next look
            said = self.console.locator(".console__now").inner_text(timeout=2000)
            key = next((key for words, key in KEYS.items() if words in said), None)
            if key is not None:
                self.console.keyboard.press(key)
        if chance.random() < 0.1 and not self.stage.phone.server_errors():
            with suppress(Error, AssertionError):
                _label, self.mine = self.kiosk.take("身份证补领")
                self.phone.goto(f"/t/{self.mine}")
        self.console.wait_for_timeout(chance.uniform(500, 2500))


@contextmanager
def _opened(var: Path, chromium: Browser) -> Iterator[Room]:
    with staged(var) as stage:
        faces = Faces(chromium, stage.installation.url)
        accounts = stage.installation.accounts()
        desk = Window(faces.open(DESK))
        sign_in(desk.page, "window01", accounts["window01"])
        desk.open(str(CONSOLE))
        kiosk = Kiosk(faces.open(KIOSK))
        tokens = json.loads((var / "demo-devices.json").read_text(encoding="utf-8"))
        kiosk.start(tokens[f"kiosk/{HALL}"])
        screens = [Screen(faces.open(SCREEN)) for _ in range(2)]
        for screen in screens:
            screen.hang_up()
        day = stage.ledger.rows("SELECT max(on_date) FROM counter_session JOIN line USING (hall_id)")
        del day
        yield Room(stage, desk.page, kiosk, [screen.page for screen in screens], faces.phone(), None)
        faces.close()
