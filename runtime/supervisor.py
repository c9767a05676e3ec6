"""Keeps the program's processes running: starts them, restarts what dies, ends all of them together.

Call `run` from the main thread: the kernel ends a child when the *thread* that started it is gone.
"""

import logging
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from runtime.backoff import Backoff
from runtime.local_servers import LocalServers
from runtime.patience import WORK_SECONDS, Patience, processor_seconds
from runtime.run_files import MARK, mark_of, write_record
from runtime.server_home import last_words
from runtime.stop_signals import StopSignals

LOOK_SECONDS = 0.05
DEATHS_BEFORE_READY = 5  # about three seconds: it will not come up by being tried again
STOP_SECONDS = 10.0
LOG_BYTES = 10 * 1024 * 1024
TETHER = Path(__file__).with_name("tether.py")

log = logging.getLogger(__name__)


class NotReady(Exception):
    """The program did not come up in time; the text names the part and where its log is."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One process to keep. `env` is added to our own; `is_ready` must answer within a second."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], bool] | None = None
    stop_seconds: float = STOP_SECONDS


def answers_http(url: str) -> Callable[[], bool]:
    """Return a ready check: the address answers 2xx."""

    def check() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=3.0) as answer:  # noqa: S310 - our own http address
                return bool(answer.status < 300)  # noqa: PLR2004 - 2xx
        except (OSError, HTTPException):  # the second: with no listener, TCP may connect a port to itself
            return False

    return check


class Supervisor:
    """Keeps `specs` (and knows of `servers`, which keep themselves) until a signal says to end."""

    def __init__(
        self,
        var: Path,
        specs: Sequence[Spec],
        *,
        servers: LocalServers | None = None,
        signals: StopSignals | None = None,
        patience: Callable[[float], Patience] = Patience,
    ) -> None:
        self._var = var.resolve()
        self._children = [_Child(spec, self._var) for spec in specs]
        self._servers = servers
        self._signals = signals or StopSignals()
        self._patience = patience
        self._recorded: tuple[dict[str, int], dict[str, int]] | None = None

    def run(self, on_ready: Callable[[], None]) -> None:
        """Start everything, call `on_ready` once all parts answer, and return when all have ended.

        Raises:
            NotReady: something did not come up, and does not get on any more; all was ended again.
        """
        with self._signals:
            try:
                self._until_ready()
                if not self._signals.count:
                    on_ready()
                while not self._signals.count:
                    self._look()
            finally:
                self._end()

    def _until_ready(self) -> None:
        began = time.monotonic()
        patience, waiting = self._patience(began), list(self._children)
        while waiting and not self._signals.count:
            self._look()
            waiting = [child for child in waiting if not child.is_ready()]
            broken = [child for child in waiting if child.deaths >= DEATHS_BEFORE_READY]
            over = patience.is_over(tuple(child.progress() for child in waiting), time.monotonic())
            if broken or (waiting and over):
                seconds = round(time.monotonic() - began)
                raise NotReady("; ".join(child.why_not(seconds) for child in broken or waiting))

    def _look(self) -> None:
        for child in self._children:
            child.look()
        pids = {child.spec.name: child.pid for child in self._children if child.pid is not None}
        servers = self._servers.pids() if self._servers else {}
        if (pids, servers) != self._recorded:
            write_record(self._var, pids, servers=servers)
            self._recorded = (pids, servers)
        time.sleep(LOOK_SECONDS)

    def _end(self) -> None:
        """End all children; a second signal means: now."""
        asked, living = time.monotonic(), [child for child in self._children if child.ask_to_end()]
        signals = self._signals.count
        while living:
            time.sleep(LOOK_SECONDS)
            for child in living:
                if self._signals.count > signals or time.monotonic() - asked > child.spec.stop_seconds:
                    child.kill()
            living = [child for child in living if not child.has_ended()]


class _Child:
    """One process: running, or waiting for its restart."""

    def __init__(self, spec: Spec, var: Path) -> None:
        self.spec = spec
        self.log_path = var / "log" / f"{spec.name}.log"
        self._env = {**os.environ, **spec.env, MARK: mark_of(var)}
        self._process: subprocess.Popen[bytes] | None = None
        self.deaths = 0
        self._last_group: int | None = None
        self._born = 0.0
        self._start_at = 0.0
        self._backoff = Backoff()
        self._log_before = _size(self.log_path)  # what an earlier run has written

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def is_ready(self) -> bool:
        return self._process is not None and (self.spec.is_ready is None or self.spec.is_ready())

    def progress(self) -> tuple[str, int, int]:
        """What changes while a part that is not ready gets on with its start."""
        return self.spec.name, _size(self.log_path), int(processor_seconds(self.pid) / WORK_SECONDS)

    def why_not(self, seconds: int) -> str:
        """What is known of why it is not ready after so many seconds."""
        words = last_words(self.log_path, since=self._log_before)
        if self.deaths:
            state = f"ended {self.deaths} times in {seconds} s"
        else:
            worked = processor_seconds(self.pid)
            state = f"runs, but did not answer for {seconds} s, in which it worked for {worked:.0f} s"
        return f"{self.spec.name} did not come up: {words}; it {state} (see {self.log_path})"

    def look(self) -> None:
        """Notice a death, start when it is time."""
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            wait = self._backoff.after_life_of(now - self._born)
            log.warning("%s ended with %s; again in %.1f s", self.spec.name, self._process.returncode, wait)
            self.deaths += 1
            # Its own children still hold the port. They may finish what they do until the restart.
            _signal_group(self._process.pid, signal.SIGTERM)
            self._last_group = self._process.pid
            self._process, self._start_at = None, now + wait
        if self._process is None and now >= self._start_at:
            self._start(now)

    def ask_to_end(self) -> bool:
        """Send SIGTERM; False when there is nothing to wait for."""
        self._kill_leftovers()
        if self._process is None or self._process.poll() is not None:
            return False
        self._process.terminate()
        return True

    def kill(self) -> None:
        if self._process is not None:
            _signal_group(self._process.pid, signal.SIGKILL)

    def has_ended(self) -> bool:
        if self._process is None or self._process.poll() is None:
            return self._process is None
        self.kill()  # the rest of its group
        return True

    def _start(self, now: float) -> None:
        self._kill_leftovers()
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            if self.log_path.stat().st_size > LOG_BYTES:
                self.log_path.replace(self.log_path.with_suffix(".log.1"))
                self._log_before = 0
        with self.log_path.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *self.spec.argv],
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,  # Ctrl-C of the terminal reaches only us
            )
        self._born = now

    def _kill_leftovers(self) -> None:
        if self._last_group is not None:
            _signal_group(self._last_group, signal.SIGKILL)
            self._last_group = None


def _size(path: Path) -> int:
    """Bytes of a file; 0 before it is there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _signal_group(group: int, sign: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, sign)
