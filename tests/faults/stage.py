"""An installation on which people book, and what they were told beside what its data says."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.ledger import Ledger, check
from tests.faults.load import Crowd, Phone, Watch, sign_in
from tests.faults.machine import Machine
from tests.running import Running, running

BACK_WITHIN = 10.0  # seconds until the program is back, after a kill or after its dependency came back
HANGS = 300.0  # seconds after which something is taken as never coming; `report` holds times to their limits
MEASURED: list[str] = []
MACHINE: list[Machine] = []  # which is watched while a test runs (conftest.py)


@dataclass
class Stage:
    """`token` is an administrator's; `began` is when the fault was made."""

    installation: Running
    phone: Phone
    ledger: Ledger
    token: str

    def crowd(self, count: int, *, first: int = 1) -> Crowd:
        crowd = Crowd(self.phone, self.token, count, first=first)
        crowd.verify_phones()
        return crowd

    def watch(self, path: str = "/health/ready") -> Watch:
        return Watch(self.installation.url, path)

    def check(self, crowd: Crowd) -> None:
        """Nothing acknowledged is lost, nothing happened twice, every promise holds."""
        check(self.ledger, self.phone, self.token, crowd)


def stage_on(installation: Running, database_url: str = "") -> Stage:
    phone = Phone(installation.url)
    token = sign_in(phone, installation.accounts())
    return Stage(installation, phone, Ledger(database_url or installation.database_url), token)


@contextmanager
def staged(
    var: Path, *, database_url: str = "", port: int | None = None, **environment: str
) -> Iterator[Stage]:
    """A running installation; ended afterwards."""
    if database_url:
        environment["DATABASE_URL"] = database_url
    with running(var, port, **environment) as installation:
        stage = stage_on(installation, database_url)
        try:
            yield stage
        finally:
            stage.ledger.close()


def report(what: str, seconds: float, limit: float) -> None:
    """Keep a measured time for the end of the run (tests/conftest.py), and hold it to its limit.

    The limits are those of a machine that does nothing else; a busy one gets as much more as it is slower.
    """
    watched = MACHINE[0] if MACHINE else Machine()
    slower = 1.0 if seconds <= limit else watched.slowness(seconds)
    MEASURED.append(f"{what}: {seconds:.1f} s (limit {limit:.0f} s, machine {slower:.1f} times slower)")
    assert seconds <= limit * slower, MEASURED[-1]


def now() -> float:
    return time.monotonic()
