"""How much slower a busy machine is, now and over the last seconds."""

import os
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Self

STAT = Path("/proc/stat")
EVERY = 0.25  # seconds between two looks
KEPT = 2400  # looks: ten minutes


class Machine:
    """Notes while a test runs how many programs want a processor.

    What was measured has taken as long as the machine was busy then, which a look afterwards does not show.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque(maxlen=KEPT)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="machine", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        self._thread.join()

    def slowness(self, seconds: float) -> float:
        """So many times longer things took in the last so many seconds: 1 on an idle machine."""
        since = time.monotonic() - seconds
        wanting = [count for at, count in list(self._seen) if at >= since]
        shared = sum(wanting) / len(wanting) / (os.cpu_count() or 1) if wanting else 1.0
        return max(shared, _of_a_program())

    def _run(self) -> None:
        while not self._end.wait(EVERY):
            self._seen.append((time.monotonic(), _wanting()))


def _wanting() -> int:
    """Programs that run or wait for a processor, without this look."""
    try:
        lines = STAT.read_text().splitlines()
    except OSError:
        return 0  # not Linux
    return next(int(line.split()[1]) for line in lines if line.startswith("procs_running")) - 1


def _of_a_program() -> float:
    """How long a program takes here for a second of work."""
    before, began = os.times(), time.monotonic()
    subprocess.run([sys.executable, "-c", "import sqlalchemy.orm"], check=True)
    took, after = time.monotonic() - began, os.times()
    worked = after.children_user + after.children_system - before.children_user - before.children_system
    return max(1.0, took / worked)
