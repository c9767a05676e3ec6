"""A whole hour of the demonstration at 30 times its speed, before a console, a kiosk, two screens, a phone.

One screen is that of a zone with one line, the other hangs above the window of the console, where somebody is
put aside and served on. At the end each page must show what the database says, without having been loaded
again; the kiosk's, which is read by whoever steps up to it, is opened then.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Error, Page
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from queueing.queries import upcoming
from tests.faults.hall_hour import HOUR, RATE, Hour
from tests.faults.load import HALL
from tests.faults.stage import HANGS, Stage, now, report, staged
from tests.journey.browser import DESK, KIOSK, SCREEN, Faces
from tests.journey.hands import Kiosk, Screen, Window, sign_in

CONSOLE = 1
RIGHT_WITHIN = 20.0  # a screen 15 s, a phone asks every 12 to 18 s
READ_MS = 2000
ENOUGH = 16  # people who are served at least; where the machine is slow the hour is a longer one
NEXT_SHOWN = 6  # on the console
LINE = "A"  # of the zone
ZONE = {"code": "one-line", "name_zh": "户政", "groups": [LINE]}
HANG_ZONE = """
    UPDATE hall SET policy = policy || CAST(:screens AS jsonb) WHERE code = :hall
"""
#: Who was put aside and is served on is shown at the window that serves them.
CALLS = """
    SELECT label, counter.number, letter FROM call
    JOIN ticket ON ticket.id = call.ticket_id
    JOIN counter ON counter.id = coalesce(ticket.counter_id, call.counter_id)
    JOIN service_group ON service_group.id = call.group_id
    JOIN hall ON hall.id = call.hall_id
    WHERE hall.code = :hall AND ticket.on_date = :day
      AND ticket.state IN ('called', 'serving', 'completed', 'parked', 'absent')
      AND call.id = (SELECT max(id) FROM call AS later WHERE later.ticket_id = ticket.id)
    ORDER BY last_called_at DESC, call.id DESC LIMIT 40
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
COUNTER = (
    "SELECT counter.id FROM counter JOIN hall ON hall.id = hall_id WHERE code = :hall AND number = :number"
)
LETTERS = """
    SELECT service_group.code, letter FROM service_group JOIN hall ON hall.id = hall_id
    WHERE hall.code = :hall
"""
RESUMED = "SELECT count(*) FROM audit_entry WHERE action = 'ticket.resume'"
TICKET = "SELECT label, state FROM ticket WHERE reference = :reference"
LABELS = "SELECT label FROM ticket JOIN hall ON hall.id = hall_id WHERE code = :hall AND on_date = :day"
WORDS = {
    "waiting": "您",
    "called": "号窗口",
    "serving": "号窗口办理",
    "parked": "号为您留着",
    "absent": "已经叫过您的号",
    "completed": "已办完",
    "abandoned": "这个号已取消",
}
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
    zone: Page
    window: Page
    phone: Page
    printed: str = ""  # the number of the kiosk's last ticket
    mine: str = ""  # its reference
    on_phone: str = ""  # the ticket that the phone shows
    resumed: bool = False  # somebody who was put aside at the console is served on

    def rows(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        return self.stage.ledger.rows(statement, hall=HALL, **values)

    def work(self, chance: random.Random) -> None:
        """One look around: the officer at the console presses a key, somebody takes a number at the kiosk."""
        with suppress(Error):  # the console takes no key yet, or the server is away: the next look
            key = self.key(self.console.locator(".console__now").inner_text(timeout=READ_MS))
            if key is not None:
                self.console.keyboard.press(key)
        if chance.random() < 0.1:
            with suppress(Error):  # the server is away
                self.take()
        self.look_up()
        self.console.wait_for_timeout(chance.uniform(500, 2500))

    def key(self, said: str) -> str | None:
        """What an officer presses who reads this; the first person is put aside, and then served on."""
        aside = self.console.locator("[data-key='1']").count()
        if not self.resumed:
            with suppress(DBAPIError):  # it is away
                self.resumed = self.rows(RESUMED) != [(0,)]
        if "正在办理" in said:
            return "F" if self.resumed or aside else "P"
        if "窗口空闲" in said:
            return "1" if aside else "Enter"
        return "S" if "正在呼叫" in said else None

    def take(self) -> None:
        """A number at the kiosk."""
        self.printed, self.mine = self.kiosk.take("身份证补领")

    def look_up(self) -> None:
        """Open the ticket on the phone; who meets an error comes back to it."""
        with suppress(Error):
            if self.on_phone != self.mine and (told := self.phone.goto(f"/q/{self.mine}")) and told.ok:
                self.on_phone = self.mine


@contextmanager
def opened(var: Path, chromium: Browser) -> Iterator[Room]:
    """An installation with everybody's pages."""
    with staged(var) as stage:
        faces = Faces(chromium, stage.installation.url)
        accounts = stage.installation.accounts()
        desk = Window(faces.open(DESK))
        sign_in(desk.page, "window01", accounts["window01"])
        desk.open(str(CONSOLE))
        kiosk = Kiosk(faces.open(KIOSK))
        tokens = json.loads((var / "demo-devices.json").read_text(encoding="utf-8"))
        kiosk.start(tokens[f"kiosk/{HALL}"])
        stage.ledger.write(HANG_ZONE, screens=json.dumps({"screens": {"zones": [ZONE]}}), hall=HALL)
        zone, window = Screen(faces.open(SCREEN)), Screen(faces.open(SCREEN))
        zone.hang_up(part=f"zone/{ZONE['code']}")
        window.hang_up(part=f"window/{CONSOLE}")
        yield Room(stage, desk.page, kiosk, zone.page, window.page, faces.phone())
        faces.close()


def play(room: Room, faults: Sequence[Callable[[Stage], object]] = ()) -> Hour:
    """The hour, with each fault in turn, evenly over it."""
    numbers = room.rows(COUNTERS, mine=CONSOLE)
    hour = Hour(room.stage, [int(str(number)) for (number,) in numbers], ["A", "B"])
    chance, began, todo = random.Random(1), now(), list(faults)  # a draw that can be repeated
    each = HOUR.total_seconds() / RATE / (len(todo) + 1)
    with hour:
        room.take()  # in peace, so that there is one whatever is broken later
        while not hour.failed and (
            todo or not hour.is_over() or len(hour.served) < ENOUGH or not room.resumed
        ):
            assert now() - began < 2 * HANGS, "the hour proves nothing: hardly anybody was served"
            room.work(chance)
            if todo and now() - began > each * (len(faults) - len(todo) + 1):
                todo.pop(0)(room.stage)
    return hour


def differences(room: Room, hour: Hour, day: object) -> list[str]:
    """What the pages say that the database does not; who cannot be read says nothing that is right."""
    try:
        return [*_on_screens(room, day), *_on_console(room, hour), *_on_kiosk_and_phone(room, day)]
    except Error as error:
        return [str(error)]


def _on_screens(room: Room, day: object) -> Iterator[str]:
    """The zone shows its line alone; the window who is there."""
    called = [(str(row[0]), str(row[1])) for row in room.rows(CALLS, day=day) if row[2] == LINE]
    waiting = {LINE: waiting_in(room, day)[LINE]}
    shown, lines = calls_on(room.zone), waiting_on(room.zone)
    if len(shown) < min(4, len(called)) or shown != called[: len(shown)]:  # the newest and some before it
        yield f"the zone shows {shown}, called were {called}"
    if lines != waiting:
        yield f"the zone shows {lines} waiting, there are {waiting}"
    here, said = room.rows(AT_COUNTER, number=CONSOLE), text_of(room.window, "#board")
    words = {"called": "请到本窗口", "serving": "正在办理"}
    wanted = [str(here[0][0]), words[str(here[0][1])]] if here else ["请稍候"]
    if not all(each in said for each in wanted):
        yield f"the window says {said!r}, there is {here}"


def _on_console(room: Room, hour: Hour) -> Iterator[str]:
    """Who is here, and who comes next by the rule of the hall."""
    here, said = room.rows(AT_COUNTER, number=CONSOLE), text_of(room.console, ".console__now")
    if (f"{here[0][0]}" if here else "窗口空闲") not in said:
        yield f"the console says {said!r}, there is {here}"
    ((counter_id,),) = room.rows(COUNTER, number=CONSOLE)
    with room.stage.ledger.look() as connection, Session(connection) as session:
        found = upcoming(session, int(str(counter_id)), now=hour.now(), limit=NEXT_SHOWN)
        wanted = [ticket.label for ticket, _reason in found]
    following = room.console.locator(".console__next .waiting-list__number").all_inner_texts()
    if following != wanted:
        yield f"the console says {following} come next, the rule says {wanted}"


def _on_kiosk_and_phone(room: Room, day: object) -> Iterator[str]:
    ((label, state),) = room.rows(TICKET, reference=room.mine)
    room.look_up()
    said = text_of(room.phone, "#mine")
    if not (str(label) in said and WORDS[str(state)] in said):
        yield f"the phone says {said!r}, {label} is {state}"
    if room.printed != label:
        yield f"the kiosk gave {room.printed}, the phone has {label}"
    shown, waiting = waiting_on_kiosk(room), waiting_in(room, day)
    if not shown or shown != {letter: waiting[letter] for letter in shown}:
        yield f"the kiosk shows {shown} waiting, there are {waiting}"


def waiting_in(room: Room, day: object) -> dict[str, int]:
    return {str(letter): int(str(count)) for letter, count in room.rows(WAITING, day=day)}


def waiting_on_kiosk(room: Room) -> dict[str, int]:
    """What somebody reads who steps up to it now."""
    letters = {str(code): str(letter) for code, letter in room.rows(LETTERS)}
    room.kiosk.page.goto(f"/kiosk/{HALL}/take")
    heads = room.kiosk.page.locator("h2[id^='group-']").all()
    return {
        letters[(each.get_attribute("id") or "").removeprefix("group-")]: int(
            "".join(filter(str.isdigit, each.locator(".kiosk-waiting").inner_text(timeout=READ_MS)))
        )
        for each in heads
    }


def text_of(page: Page, selector: str) -> str:
    return page.locator(selector).inner_text(timeout=READ_MS)


def calls_on(screen: Page) -> list[tuple[str, str]]:
    """The newest call and those before it, as (number, window), where both can be read."""
    calls = screen.locator("#board [data-call]").all()
    facts = [(each.get_attribute("data-say"), each.get_attribute("data-counter")) for each in calls]
    return [
        (label, number)
        for each, (label, number) in zip(calls, facts, strict=True)
        if label and number and {label, number} <= set(each.inner_text(timeout=READ_MS).split())
    ]


def waiting_on(screen: Page) -> dict[str, int]:
    texts = screen.locator(".board__waiting li:has(b)").all()
    return {
        each.inner_text(timeout=READ_MS).split()[0]: int(each.locator("b").inner_text(timeout=READ_MS))
        for each in texts
    }


def compare(room: Room, hour: Hour) -> None:
    """Every page is right within its time, and the hall's data keeps every promise."""
    ((day,),) = room.rows("SELECT max(on_date) FROM ticket JOIN hall ON hall.id = hall_id WHERE code = :hall")
    began = looked = now()
    while found := differences(room, hour, day):
        assert now() - began < HANGS, "\n".join(found)
        room.console.wait_for_timeout(200)
        looked = now()  # reading all pages takes a while, in which nothing changes
    report("five pages as the database says", looked - began, RIGHT_WITHIN)
    assert room.stage.phone.server_errors() == []
    given = {str(label) for (label,) in room.rows(LABELS, day=day)}
    assert set(hour.issued) <= given
    room.stage.ledger.wait_until_settled()
    told = room.stage.phone.insist("POST", "/doctor", {}, token=room.stage.token).body
    assert told["violations"] == []
