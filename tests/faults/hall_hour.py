"""Officers and citizens of the demonstration's hall for an hour of its clock at thirty times its speed.

They use the API; what the pages show is for a test to look at. Whoever gets no answer asks again.
"""

import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from tests.faults.load import HALL, PATIENCE, Answer
from tests.faults.stage import Stage

RATE = 30
HOUR = timedelta(hours=1)
ZONE = ZoneInfo("Asia/Shanghai")
SERVICE_SECONDS = (2.0, 6.0)  # one to three minutes of the hall
BETWEEN_ARRIVALS = 1.2
#: After a lost answer the step may have been done: then the hall says that the ticket has moved on.
DONE_BEFORE = (200, 409)


@dataclass
class Hour:
    """The people, each on a thread; `ends` after an hour of the hall's clock."""

    stage: Stage
    counters: list[int]
    groups: list[str]
    issued: list[str] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    failed: list[BaseException] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._ask("PUT", "/clock", {"now": self._nine().isoformat(), "rate": RATE})
        for counter in self.counters:
            self._ask("POST", f"/halls/{HALL}/counters/{counter}/open")
        people = [(self._arrive, 0), *((self._work, counter) for counter in self.counters)]
        for what, who in people:
            self._threads.append(threading.Thread(target=self._live, args=(what, who), daemon=True))
            self._threads[-1].start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def now(self) -> datetime:
        return datetime.fromisoformat(self._ask("GET", "/clock").body["now"])

    def is_over(self) -> bool:
        return bool(self.failed) or self.now() >= self._nine() + HOUR

    def stop(self) -> None:
        """Everybody finishes what was begun, and the clock runs as any."""
        self._over.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE)
        self._ask("PUT", "/clock", {"rate": 1})
        if self.failed:
            raise self.failed[0]

    def _nine(self) -> datetime:
        day = datetime.fromisoformat(self._ask("GET", "/clock").body["now"]).astimezone(ZONE)
        return day.replace(hour=9, minute=30, second=0, microsecond=0)

    def _ask(self, method: str, path: str, body: Any = None, key: str = "") -> Answer:
        return self.stage.phone.insist(method, path, body, token=self.stage.token, key=key)

    def _live(self, what: Any, who: int) -> None:
        try:
            what(who, random.Random(who))  # a draw that can be repeated
        except BaseException as error:  # noqa: BLE001  # raised again by stop
            self.failed.append(error)

    def _arrive(self, _who: int, chance: random.Random) -> None:
        """Somebody takes a number; one of ten leaves again."""
        while not self._over.wait(BETWEEN_ARRIVALS):
            body = {"group": chance.choice(self.groups), "press_id": uuid.uuid4().hex}
            answer = self._ask("POST", f"/halls/{HALL}/tickets", body)
            if answer.status == 201:
                self.issued.append(answer.body["label"])
            if answer.status == 201 and chance.random() < 0.1:
                self._leave(answer.body["label"])

    def _work(self, counter: int, chance: random.Random) -> None:
        """Call, start, complete; now and then somebody does not come, or fetches a paper."""
        while not self._over.wait(0.5):
            path = f"/halls/{HALL}/counters/{counter}/call-next"
            answer = self._ask("POST", path, key=uuid.uuid4().hex)
            ticket = answer.body.get("ticket") if answer.status == 200 else None
            if ticket is not None:
                self._serve(ticket["label"], chance)

    def _serve(self, label: str, chance: random.Random) -> None:
        time.sleep(1.0)
        if chance.random() < 0.1:
            self._step(label, "absent")
            return
        self._step(label, "start")
        self._over.wait(chance.uniform(*SERVICE_SECONDS))
        if chance.random() < 0.1:
            self._step(label, "park")
            return
        self._step(label, "complete")
        self.served.append(label)

    def _leave(self, label: str) -> None:
        """Gives the number up, unless the officer in the browser has called it in the meantime."""
        answer = self._ask("POST", f"/halls/{HALL}/tickets/{label}/abandon")
        assert answer.status in DONE_BEFORE or answer.code == "not_your_counter", answer

    def _step(self, label: str, step: str) -> Answer:
        answer = self._ask("POST", f"/halls/{HALL}/tickets/{label}/{step}")
        assert answer.status in DONE_BEFORE, answer
        return answer
