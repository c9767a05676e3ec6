"""A call screen: the page's own event stream, and the board that it would fetch."""

import re
import threading
import time
from html import unescape
from typing import Self

import requests

from tests.faults.load import read

SILENCE = 25  # seconds after which the page takes its stream for dead: the server says something every 10
STREAM = re.compile(r'data-stream="([^"]+)"')


class Screen:
    """Listens as `web/static/js/live.js` does: always comes back, remembers what it heard and when."""

    def __init__(self, url: str, hall: str) -> None:
        self._page = f"{url}/screen/{hall}"
        self.heard: list[tuple[float, str]] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="screen", daemon=True)

    def __enter__(self) -> Self:
        found = STREAM.search(read(self._page, timeout=30).text)
        assert found is not None
        self._address = unescape(found[1])
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        self._thread.join(SILENCE)

    def shows(self, label: str) -> bool:
        """Whether the board names this ticket now; one that cannot be had names nothing."""
        try:
            return label in read(f"{self._page}/board", timeout=10).text
        except requests.RequestException:
            return False

    def heard_since(self, moment: float, event: str) -> bool:
        return any(at >= moment and name == event for at, name in list(self.heard))

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self._listen()
            except requests.RequestException:
                self._end.wait(0.2)

    def _listen(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            with session.get(self._address, stream=True, timeout=SILENCE) as answer:
                for line in answer.iter_lines(chunk_size=1):
                    if line.startswith(b"event: "):
                        self.heard.append((time.monotonic(), line.decode()[7:]))
                    if self._end.is_set():
                        return
