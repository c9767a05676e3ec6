"""People who use an installation over HTTP while it is being broken, and remember what they were told.

Each behaves as a phone does: a request without an answer, a 503 and "still in progress" are sent again under
the same Idempotency-Key. Everything that was answered is kept, so that it can be compared with the data.
"""

import itertools
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

import requests

from booking.peak import solve
from people.sample_ids import sample_resident_id

HALL, SERVICE, GROUP = "city-hall", "id-card-renewal", "A"
PATIENCE = 400.0  # seconds that a client tries again before it gives up: longer than any start is given
ANSWER_SECONDS = 10.0
WELL_FOR = 1.0  # seconds without a bad answer, after which an installation is taken as well
CODE = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 is: nothing did."""

    status: int
    body: dict[str, Any]
    seconds: float
    path: str
    kind: str = ""
    retry_after: str = ""
    at: float = field(default_factory=time.monotonic)

    @property
    def code(self) -> str:
        return str(self.body.get("code", ""))


class Phone:
    """HTTP with retries; all threads share it, each with a connection of its own."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/api/v1"
        self.answers: list[Answer] = []
        self._local = threading.local()

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        key: str = "",
        proof: str = "",
        browser: str = "",
    ) -> Answer:
        """Once; no answer is an answer of status 0."""
        headers = {"Idempotency-Key": key} if key else {}
        headers |= {"Cookie": f"yd={browser}"} if browser else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Youhao-Proof": proof} if proof else {}
        began = time.monotonic()
        try:
            response = self._session().request(
                method, self.url + path, json=body, headers=headers, timeout=ANSWER_SECONDS
            )
            kind = response.headers.get("Content-Type", "")
            told = response.json() if "json" in kind else {}
            status, again = response.status_code, response.headers.get("Retry-After", "")
        except (requests.RequestException, ValueError):  # ValueError: cut in the middle of the body
            status, told, kind, again = 0, {}, "", ""
        answer = Answer(status, told, time.monotonic() - began, path, kind, again)
        self.answers.append(answer)
        return answer

    def insist(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Until there is an answer that is one."""
        until = time.monotonic() + PATIENCE
        while True:
            answer = self.ask(method, path, body, **headers)
            if answer.status not in (0, 503) and answer.code != "request_in_progress":
                return answer
            assert time.monotonic() < until, f"{method} {path} was never answered: {answer}"
            time.sleep(0.1)

    def new_browser(self, page: str) -> str:
        """The cookie that a browser is given by its first page."""
        until = time.monotonic() + PATIENCE
        while True:
            with requests.Session() as new, suppress(requests.RequestException):
                new.trust_env = False
                answer = new.get(self.url.removesuffix("/api/v1") + page, timeout=ANSWER_SECONDS)
                if answer.status_code == 200:
                    return answer.cookies["yd"]
            assert time.monotonic() < until, f"{page} never came"
            time.sleep(0.1)

    def server_errors(self) -> list[Answer]:
        """Answers that nobody should get, whatever is broken."""
        return [answer for answer in self.answers if answer.status >= 500 and answer.status != 503]

    def since(self, moment: float) -> list[Answer]:
        return [answer for answer in self.answers if answer.at - answer.seconds >= moment]

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        return self._local.session


@dataclass
class Citizen:
    """Somebody who wants one appointment."""

    number: int
    phone_token: str = ""
    browser: str = ""
    reference: str = ""
    starts_at: str = ""

    @property
    def phone(self) -> str:
        return f"+86139{self.number:08d}"


class Crowd:
    """Citizens who book, some at a time, on threads of their own."""

    def __init__(self, phone: Phone, admin: str, count: int, *, first: int = 1) -> None:
        self.phone, self._admin = phone, admin
        self.citizens = [Citizen(number) for number in range(first, first + count)]
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="citizen")
        self._doing: list[Future[None]] = []
        self._slots: Iterator[str] = iter(())

    def verify_phones(self) -> None:
        """By code, as everybody: the codes come by SMS."""
        waiting = {citizen.phone: citizen for citizen in self.citizens}
        # Everything after it is read each time: senders commit in another order than they took their ids.
        before = max((message["id"] for message in self._messages(0)), default=0)
        list(self._pool.map(self._ask_for_code, self.citizens))
        until = time.monotonic() + PATIENCE
        while waiting:
            assert time.monotonic() < until, f"{len(waiting)} codes never came"
            for message in self._messages(before):
                if message["phone"] in waiting and not message["from_citizen"]:
                    self._verify(waiting.pop(message["phone"]), CODE.findall(message["text"])[0])
            time.sleep(0.1)

    def _ask_for_code(self, citizen: Citizen) -> None:
        answer = self.phone.insist("POST", "/phone-codes", {"phone": citizen.phone})
        # Without a key a code that was given but not answered is refused as too soon: it is on its way.
        assert answer.status == 202 or answer.code == "too_many_phone_codes", answer

    def _verify(self, citizen: Citizen, code: str) -> None:
        answer = self.phone.insist("POST", "/phone-codes/verify", {"phone": citizen.phone, "code": code})
        assert answer.status == 200, answer
        citizen.phone_token = answer.body["phone_token"]
        citizen.browser = self.phone.new_browser(f"/services/{SERVICE}")

    def _messages(self, after: int) -> list[dict[str, Any]]:
        path = f"/simulator/messages?after={after}&limit=1000"
        return self.phone.insist("GET", path, token=self._admin).body["messages"]

    def start_booking(self, count: int | None = None) -> None:
        """The next so many begin, or all: who waits for a kill must still have somebody who books then."""
        if not self._doing:
            self._slots = itertools.cycle(free_slots(self.phone))
        begun = len(self._doing)
        next_ones = self.citizens[begun:] if count is None else self.citizens[begun : begun + count]
        self._doing += [self._pool.submit(self._book, citizen, next(self._slots)) for citizen in next_ones]

    def _book(self, citizen: Citizen, starts_at: str) -> None:
        held = self._hold(starts_at, citizen.browser)
        body = {
            "hold_token": held["token"],
            "name": "压力测试",
            "identity_kind": "resident_id",
            "identity_number": sample_resident_id(citizen.number),
            "phone_token": citizen.phone_token,
        }
        answer = self.phone.insist("POST", "/appointments", body, key=uuid.uuid4().hex)
        assert answer.status == 201, answer
        citizen.starts_at, citizen.reference = held["starts_at"], answer.body["reference"]

    def _hold(self, starts_at: str, browser: str) -> dict[str, Any]:
        while True:
            body = {"hall": HALL, "services": [SERVICE], "starts_at": starts_at}
            answer = self.phone.insist("POST", "/holds", body, key=uuid.uuid4().hex, browser=browser)
            if answer.code == "proof_required":  # a storm: do the work, as a phone does
                challenge = answer.body["challenge"]
                proof = f"{challenge}:{solve(challenge)}"
                answer = self.phone.insist(
                    "POST", "/holds", body, key=uuid.uuid4().hex, proof=proof, browser=browser
                )
            if answer.status == 201:
                return answer.body
            assert answer.code in ("slot_full", "proof_required"), answer
            if answer.code == "proof_required":
                continue
            starts_at = answer.body["alternatives"][0]["starts_at"]

    def booked(self) -> int:
        return sum(1 for citizen in self.citizens if citizen.reference)

    def wait_until_booked(self, count: int) -> None:
        """At least so many; the first failure of a citizen is raised here."""
        until = time.monotonic() + 2 * PATIENCE
        while self.booked() < count:
            for doing in self._doing:
                if doing.done():
                    doing.result()
            assert time.monotonic() < until, f"only {self.booked()} of {count} booked"
            time.sleep(0.02)

    def finish(self) -> None:
        """Until everybody has booked."""
        for doing in self._doing:
            doing.result(timeout=2 * PATIENCE)
        self._pool.shutdown()


def free_slots(phone: Phone) -> list[str]:
    """Beginnings of half-hours, one for each free number of later days.

    Not of today: a slot may begin while somebody still asks for it.
    """
    answer = phone.insist("GET", f"/halls/{HALL}/availability?service={SERVICE}&days=14")
    slots = [slot for day in answer.body["days"][1:] for slot in day["slots"]]
    return [slot["starts_at"] for slot in slots for _ in range(slot["free"])]


def sign_in(phone: Phone, accounts: dict[str, str], username: str = "admin") -> str:
    body = {"username": username, "password": accounts[username]}
    answer = phone.insist("POST", "/sign-in", body)
    assert answer.status == 200, answer
    return str(answer.body["token"])


class Watch:
    """Asks every 50 ms whether the installation is ready, on a connection of its own each time."""

    def __init__(self, url: str, path: str = "/health/ready") -> None:
        self._address = url + path
        self.looks: list[tuple[float, bool]] = []  # when the question was put, and whether it was answered
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(0.05):
            at = time.monotonic()
            self.looks.append((at, self._looks_well()))

    def _looks_well(self) -> bool:
        try:
            return read(self._address, timeout=3).status_code == 200
        except requests.RequestException:
            return False

    def seconds_until_well(self, since: float, *, within: float = PATIENCE) -> float:
        """From `since` to the first good answer after the last bad one; 0 when there was no bad one."""
        assert wait_for(lambda: self._is_well(since), within), f"not well within {within} s"
        bad = [at for at, good in self.looks if at >= since and not good]
        if not bad:
            return 0.0
        return min(at for at, good in self.looks if good and at > bad[-1]) - since

    def _is_well(self, since: float) -> bool:
        """Whether all looks of the last second were good; a slow machine looks less often."""
        looks = [look for look in list(self.looks) if look[0] > since]
        last_bad = max((at for at, good in looks if not good), default=since)
        good = [at for at, _good in looks if at > last_bad]
        return len(good) > 1 and good[-1] - good[0] >= WELL_FOR


def read(address: str, *, timeout: float) -> requests.Response:
    """A page of this machine, past whatever proxy the environment names."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(address, timeout=timeout)


def wait_for(condition: Callable[[], bool], within: float) -> bool:
    """Ask every 50 ms, with patience for a slow condition; False when the time is over."""
    until = time.monotonic() + within
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
