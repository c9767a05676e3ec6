"""Real processes of the program, for tests that kill them: a small supervisor that a test steps itself."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kernel.settings import environment_name

ROOT = Path(__file__).resolve().parent.parent.parent
KEYS = {"data_key": "test data key", "index_key": "test index key"}


class Crew:
    """Processes by name; `keep` restarts the dead, as `youhao up` does."""

    def __init__(self, log: Path, settings: dict[str, object]) -> None:
        values = {environment_name(name): str(value) for name, value in (KEYS | settings).items()}
        self._environment = os.environ | values
        self._log = log
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.kills = 0

    def start(self, name: str) -> None:
        """`worker-1` runs `youhao worker`."""
        command = [sys.executable, "-m", "cli.main", name.partition("-")[0]]
        with self._log.open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )

    def keep(self) -> None:
        """Restart what has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                self.start(name)

    def kill(self, name: str | None = None) -> None:
        """SIGKILL one, or whichever."""
        process = self._running[name or random.choice(list(self._running))]
        process.kill()
        process.wait()
        self.kills += 1

    def kill_all(self) -> None:
        for name in self._running:
            self.kill(name)

    def until(self, condition: Callable[[], bool], seconds: float) -> float:
        """Keep the crew until the condition holds; returns how long it took."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < seconds, f"not within {seconds} s; see {self._log}"
            self.keep()
            time.sleep(0.1)
        return time.monotonic() - began

    def for_seconds(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.keep()
            time.sleep(0.05)

    def end(self) -> None:
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
