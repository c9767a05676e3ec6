"""Everybody's telephone: reads the SMS simulator, hands out one-time codes, answers surveys."""

import re
import threading
import time
from collections import deque
from collections.abc import Mapping
from random import Random
from typing import Any

from twin.drive.records import Visit
from twin.drive.server import Refused, Server

PAGE = 1000
_POLL = 0.25  # real seconds
#: Ids are given before messages are committed, so a lower one may appear after a higher: look back so long.
_OVERLAP = 3.0
_CODE_PATIENCE = 120.0
_CODE = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")
_SURVEY = re.compile(r"/r/([A-Za-z0-9_-]{16,64})")
_LINK = re.compile(r"https?://\S+")
#: How visits are rated: grade → weight.
GRADES: Mapping[int, int] = {5: 62, 4: 24, 3: 8, 2: 4, 1: 2}


class CodeNeverCame(Exception):
    """A one-time code did not reach its phone."""


class Phones:
    """Reads all messages in one stream, on a thread of its own, from `start` to `stop`."""

    def __init__(
        self, server: Server, visits: Mapping[str, Visit], *, survey_share: float, seed: int
    ) -> None:
        self._server = server
        self._visits = visits  # by phone
        self._share = survey_share
        self._random = Random(f"{seed} surveys")
        self._came = threading.Condition()
        self._codes: dict[str, list[str]] = {}
        self._after = 0
        self._newest: deque[tuple[float, int]] = deque()  # (when seen, highest id), of the last seconds
        self._seen: set[int] = set()
        self._to_answer: list[tuple[Visit, str]] = []  # with the survey's reference
        self._without_phone: list[Visit] = []
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="phones", daemon=True)

    def start(self) -> None:
        """Begin after what was sent before this run."""
        self._after = max((message["id"] for message in self._page()), default=0)
        self._thread.start()

    def stop(self) -> None:
        """End, and raise what went wrong."""
        self._stop.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def wait_for_code(self, phone: str) -> str:
        """The six digits of the newest code; raises CodeNeverCame after two minutes."""
        with self._came:
            self._came.wait_for(lambda: self._codes.get(phone) or self._failure, _CODE_PATIENCE)
            if not self._codes.get(phone):
                raise CodeNeverCame(f"no code within {_CODE_PATIENCE:.0f} s")
            return self._codes[phone].pop()

    def left_counter(self, visit: Visit) -> None:
        """Who was served and left no phone may scan the survey's QR at the counter."""
        if visit.phone is None:
            with self._came:
                self._without_phone.append(visit)

    @property
    def idle(self) -> bool:
        """Whether nothing is left to answer."""
        with self._came:
            return not self._to_answer and not self._without_phone

    def _page(self) -> list[dict[str, Any]]:
        answer = self._server.get("/simulator/messages", after=self._after, limit=PAGE)
        page: list[dict[str, Any]] = [one for one in answer["messages"] if not one["from_citizen"]]
        return page

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._read()
                self._answer()
                self._stop.wait(_POLL)
        except Exception as failure:  # noqa: BLE001  # raised again by stop, in the thread that waits
            with self._came:
                self._failure = failure
                self._came.notify_all()

    def _read(self) -> None:
        page = [message for message in self._page() if message["id"] not in self._seen]
        self._move_on(max((message["id"] for message in page), default=0))
        with self._came:
            for message in page:
                self._seen.add(message["id"])
                visit = self._visits.get(message["phone"])
                if visit is not None:
                    self._take(visit, message["phone"], message["text"])
            if page:
                self._came.notify_all()

    def _move_on(self, highest: int) -> None:
        if highest:
            self._newest.append((time.monotonic(), highest))
        while self._newest and self._newest[0][0] < time.monotonic() - _OVERLAP:
            self._after = max(self._after, self._newest.popleft()[1])

    def _take(self, visit: Visit, phone: str, text: str) -> None:
        visit.messages += 1
        survey = _SURVEY.search(text)
        if survey is not None:
            visit.surveys += 1
            self._to_answer.append((visit, survey[1]))
        elif visit.appointment is None and (code := _CODE.search(_LINK.sub("", text))) is not None:
            self._codes.setdefault(phone, []).append(code[0])

    def _answer(self) -> None:
        with self._came:
            asked, self._to_answer = self._to_answer, []
            served, self._without_phone = self._without_phone, []
        for visit, reference in asked:
            self._maybe_answer(visit, reference)
        for visit in served:
            reference = self._server.get(f"/tickets/{visit.ticket}")["survey"]
            if reference is None:
                self.left_counter(visit)  # the survey is on its way
            else:
                self._maybe_answer(visit, reference)

    def _maybe_answer(self, visit: Visit, reference: str) -> None:
        if visit.grade is not None or self._random.random() >= self._share:
            return
        grade = self._random.choices(list(GRADES), list(GRADES.values()))[0]
        by_reply = visit.phone is not None and self._random.random() < 0.5  # noqa: PLR2004  # half and half
        try:
            if by_reply:
                self._server.post("/simulator/replies", {"phone": visit.phone, "text": str(grade)})
            else:
                self._server.post("/ratings", {"survey": reference, "grade": grade})
        except Refused as refused:
            if not refused.is_done:
                return  # counted by the server's client; the check of the counts shows what is missing
        visit.grade = grade
