"""The files under `var/run`: the lock of a running installation, and who its processes are.

A killed run leaves processes behind. They are found by two marks: the record of pids with their start times
(a pid alone may have been given to a stranger) and, on Linux, an environment variable that all children
inherit, so that also a grandchild in its own process group is found.
"""

import fcntl
import json
import logging
import os
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from runtime.server_home import is_running, wait_until

MARK = "YOUHAO_RUN_OF"
PROC = Path("/proc")
END_SECONDS = 3.0

log = logging.getLogger(__name__)


class AlreadyRunning(Exception):
    """Another `youhao up` uses this directory."""


@contextmanager
def hold(var: Path) -> Iterator[None]:
    """Keep `var` for this process alone, and end what a killed former run left behind.

    Raises:
        AlreadyRunning: a living run holds it; the text says which process.
    """
    run = var.resolve() / "run"
    run.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (run / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise AlreadyRunning(
                f"Youhao already runs on {var} (process {holder}). Stop it first, or choose another --var."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        end_orphans(var)
        try:
            yield
        finally:
            record_path(var).unlink(missing_ok=True)


def record_path(var: Path) -> Path:
    return var.resolve() / "run" / "youhao.pid.json"


def mark_of(var: Path) -> str:
    """Return the value of the environment variable `MARK` for children of this installation."""
    return str(var.resolve())


def write_record(var: Path, children: Mapping[str, int], *, servers: Mapping[str, int]) -> None:
    """Record who runs now: name → pid and start time, beside the supervisor itself.

    Local servers are meant to outlive a killed run and be used again, which their entries say.
    """
    ending = {**children, "supervisor": os.getpid()}
    body = {name: {"pid": pid, "started": started(pid), "outlives": False} for name, pid in ending.items()}
    body |= {name: {"pid": pid, "started": started(pid), "outlives": True} for name, pid in servers.items()}
    path = record_path(var)
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(body, indent=1))
    unfinished.replace(path)


def end_orphans(var: Path) -> list[int]:
    """End the processes of a former run, politely first; return their pids."""
    pids = sorted(_recorded(var) | _marked(var))
    for pid in pids:
        log.warning("ending process %d, left by a former run", pid)
        _send(pid, signal.SIGTERM)
    if not wait_until(lambda: not _living(pids), seconds=END_SECONDS):
        for pid in _living(pids):
            _send(pid, signal.SIGKILL)
        wait_until(lambda: not _living(pids), seconds=END_SECONDS)
    return pids


def started(pid: int) -> str:
    """Return a text that no other process with this pid has: its start time (and the boot)."""
    try:
        ticks = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19]
        return f"{(PROC / 'sys/kernel/random/boot_id').read_text().strip()}/{ticks}"
    except OSError:
        if PROC.joinpath("self").exists():
            return ""
    shown = subprocess.run(
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()


def _recorded(var: Path) -> set[int]:
    try:
        body = json.loads(record_path(var).read_text())
        entries = [
            (int(entry["pid"]), str(entry["started"])) for entry in body.values() if not entry["outlives"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
    return {pid for pid, then in entries if then and pid != os.getpid() and started(pid) == then}


def _marked(var: Path) -> set[int]:
    mark = os.fsencode(f"{MARK}={mark_of(var)}")
    found = set()
    for entry in PROC.glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in entry.read_bytes().split(b"\0"):
                found.add(int(entry.parent.name))
    return found - {os.getpid(), os.getppid()}


def _living(pids: Iterable[int]) -> list[int]:
    return [pid for pid in pids if is_running(pid)]


def _send(pid: int, sign: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, sign)
