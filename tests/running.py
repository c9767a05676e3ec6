"""A whole installation as people start it: `youhao up --demo` in a process of its own."""

import json
import os
import pwd
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from runtime.local_postgres import url_of
from runtime.ports import is_free
from runtime.server_home import is_running, socket_directory, wait_until

READY_SECONDS = 400  # a machine that does twenty other things at once
ROOT = Path(__file__).resolve().parent.parent
SHARE, SHARES = 2000, 11
STOPS_WITHIN = 120  # seconds; what has not ended then never does


def two_free_ports() -> int:
    """A port whose follower is free too: live streams take the next one.

    From below the range that the kernel gives to clients, who might take it before we listen. Each worker of
    pytest-xdist has a share of its own: what one has found, and not yet taken, no other finds.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 10_000 + worker % SHARES * SHARE
    while True:
        port = random.randrange(first, first + SHARE, 2)
        if is_free("127.0.0.1", port) and is_free("127.0.0.1", port + 1):
            return port


@dataclass
class Running:
    """One `youhao up`; `lines` is what it has printed so far."""

    var: Path
    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    _reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        return url_of(socket_directory(self.var))

    def accounts(self) -> dict[str, str]:
        return json.loads((self.var / "demo-accounts.json").read_text(encoding="utf-8"))

    def pids(self) -> dict[str, int]:
        """Name → process, as the installation itself records them; empty when it does not run."""
        try:
            record = json.loads((self.var / "run" / "youhao.pid.json").read_text())
        except FileNotFoundError:
            return {}
        return {name: entry["pid"] for name, entry in record.items()}

    def family(self) -> set[int]:
        """Every process of it: the supervisor's, theirs, and the servers'."""
        return {pid for root in {self.process.pid, *self.pids().values()} for pid in descendants(root)}

    def environment(self) -> dict[str, str]:
        """Settings of this installation, for a second process that looks at its data."""
        return {"YOUHAO_VAR": str(self.var), "YOUHAO_SOCKETS": str(socket_directory(self.var))}

    def read_output(self) -> None:
        """Keep reading what it prints: a full pipe would stop it."""
        self._reader = threading.Thread(target=self._read, name="output", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with suppress(ValueError):  # closed by stop
            for line in self.process.stdout:
                self.lines.append(line.rstrip("\n"))

    def ready_line(self) -> str:
        return next((line for line in self.lines if line.startswith("ready ")), "")

    def wait_until_ready(self) -> str:
        """The ready line; raises with everything printed when it does not come."""
        wait_until(lambda: bool(self.ready_line()) or self.process.poll() is not None, seconds=READY_SECONDS)
        if not self.ready_line():
            raise AssertionError("not ready:\n" + "\n".join(self.lines))
        return self.ready_line()

    def wait_until_ended(self, seconds: float = STOPS_WITHIN) -> int:
        """The exit code; everything it printed is in `lines` then."""
        code = self.process.wait(timeout=seconds)
        self._close_output()
        return code

    def stop(self, sign: int = signal.SIGTERM) -> int:
        """End it as a person would; what does not end is killed, and fails the test."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        try:
            code = self.wait_until_ended()
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise
        return code

    def _close_output(self) -> None:
        if self._reader is not None:
            self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def kill_all(self) -> set[int]:
        """kill -9 of everything at once, the supervisor first; returns who is gone."""
        family = self.family()
        self.process.kill()
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.wait_until_ended()
        assert wait_until(lambda: not any(map(is_running, family)), seconds=STOPS_WITHIN)
        return family


def descendants(root: int) -> set[int]:
    """`root` and all below it, by their parents in /proc."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found, new = {root}, [root]
    while new:
        new = [child for pid in new for child in children.get(pid, ())]
        found.update(new)
    return {pid for pid in found if is_running(pid)}


def launch(
    var: Path,
    port: int | None = None,
    *,
    python: str = sys.executable,
    user: str | None = None,
    **environment: str,
) -> Running:
    """Start it without waiting, as `user` (which only root may choose)."""
    port = port or two_free_ports()
    process = subprocess.Popen(
        [python, "-m", "cli.main", "up", "--demo", "--port", str(port), "--var", str(var)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        user=user,
        group=user and pwd.getpwnam(user).pw_gid,
        extra_groups=[] if user else None,
    )
    started = Running(var, port, process)
    started.read_output()
    return started


@contextmanager
def running(var: Path, port: int | None = None, **environment: str) -> Iterator[Running]:
    """Start it, wait until it is ready, stop it at the end."""
    started = launch(var, port, **environment)
    try:
        started.wait_until_ready()
        yield started
    finally:
        started.stop()


def seconds_to_ready(var: Path, port: int | None = None, **environment: str) -> tuple[Running, float]:
    """Start it; returns it with the time until its ready line."""
    began = time.monotonic()
    started = launch(var, port, **environment)
    try:
        started.wait_until_ready()
    except BaseException:
        started.stop()
        raise
    return started, time.monotonic() - began
