"""A whole installation as people start it: `youhao up --demo` in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from runtime.ports import find_free

READY_SECONDS = 90


def two_free_ports() -> int:
    """A port whose follower is free too: live streams take the next one."""
    while True:
        port = find_free()
        try:
            requests.get(f"http://127.0.0.1:{port + 1}/", timeout=0.2)
        except requests.RequestException:
            return port


@dataclass
class Running:
    """One `youhao up`; `lines` is what it printed."""

    var: Path
    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def accounts(self) -> dict[str, str]:
        return json.loads((self.var / "demo-accounts.json").read_text(encoding="utf-8"))

    def pids(self) -> dict[str, int]:
        record = json.loads((self.var / "run" / "youhao.pid.json").read_text())
        return {name: entry["pid"] for name, entry in record.items()}

    def wait_until_ready(self) -> str:
        """The ready line; raises with everything printed when it does not come."""
        deadline = time.monotonic() + READY_SECONDS
        assert self.process.stdout is not None
        while time.monotonic() < deadline:
            line = self.process.stdout.readline()
            if not line:
                break
            self.lines.append(line.rstrip("\n"))
            if line.startswith("ready "):
                return line.strip()
        raise AssertionError("not ready:\n" + "\n".join(self.lines))

    def stop(self, sign: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(sign)
        code = self.process.wait(timeout=30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


def launch(var: Path, port: int | None = None, **environment: str) -> Running:
    """Start it without waiting."""
    port = port or two_free_ports()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "up", "--demo", "--port", str(port), "--var", str(var)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )
    return Running(var, port, process)


@contextmanager
def running(var: Path, port: int | None = None, **environment: str) -> Iterator[Running]:
    """Start it, wait until it is ready, stop it at the end."""
    started = launch(var, port, **environment)
    try:
        started.wait_until_ready()
        yield started
    finally:
        started.stop()
