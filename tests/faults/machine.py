"""How much slower a busy machine is, now and over the last seconds."""

import os
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Self

STAT = Path("/proc/stat")
EVERY = 0.5  # seconds between two looks
KEPT = 1200  # looks: ten minutes


class Machine:
    """Notes while a test runs how many programs of others want a processor.

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
        shared = (1 + sum(wanting) / len(wanting)) / (os.cpu_count() or 1) if wanting else 1.0
        return max(shared, _of_a_program())

    def _run(self) -> None:
        while not self._end.wait(EVERY):
            self._seen.append((time.monotonic(), _wanting()))


def _wanting() -> int:
    """Programs of others that run or wait for a processor.

    Those of the test itself do not count: what the product has too much to do is its own fault.
    """
    try:
        lines = STAT.read_text().splitlines()
    except OSError:
        return 0  # not Linux
    all_of_them = next(int(line.split()[1]) for line in lines if line.startswith("procs_running"))
    return max(0, all_of_them - sum(_running_threads(pid) for pid in _family(os.getpid())))


def _family(pid: int) -> set[int]:
    """A process and all that it has started, as far as they have not lost their parents."""
    children: dict[int, list[int]] = {}
    for path in STAT.parent.glob("[0-9]*/stat"):
        with suppress(OSError):
            children.setdefault(int(_fields(path)[1]), []).append(int(path.parent.name))
    found, ahead = set(), [pid]
    while ahead:
        member = ahead.pop()
        found.add(member)
        ahead += children.get(member, [])
    return found


def _running_threads(pid: int) -> int:
    count = 0
    for path in STAT.parent.glob(f"{pid}/task/*/stat"):
        with suppress(OSError):
            count += _fields(path)[0] == "R"
    return count


def _fields(path: Path) -> list[str]:
    """State and parent first: what stands before may hold blanks and brackets."""
    return path.read_text().rpartition(")")[2].split()


def _of_a_program() -> float:
    """How long a program takes here for a second of work."""
    before, began = os.times(), time.monotonic()
    subprocess.run([sys.executable, "-c", "import sqlalchemy.orm"], check=True)
    took, after = time.monotonic() - began, os.times()
    worked = after.children_user + after.children_system - before.children_user - before.children_system
    return max(1.0, took / worked)
