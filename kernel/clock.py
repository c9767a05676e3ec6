"""The one clock.

`now()` is business time: read once at the edge (request, job, command) and passed down. In a
demonstration it may run from an anchor at a rate; all processes of the machine share that through one
small file, so that a hall's day can be played at 120 times its speed. Leases, timeouts and retries use
`real_now()` or `time.monotonic()`, which no demonstration changes.
"""

import json
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoClock:
    """Business time = `starts_at` + (real time − `anchor_at`) × `rate`. A rate of 0 stands still."""

    anchor_at: datetime
    starts_at: datetime
    rate: float

    def at(self, real: datetime) -> datetime:
        """Business time at the real instant `real`."""
        return self.starts_at + timedelta(seconds=(real - self.anchor_at).total_seconds() * self.rate)


class _Source:
    """Where this process reads its time; set once at start, re-read when the file changes."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.stamp: tuple[int, int] | None = None
        self.demo: DemoClock | None = None

    def current(self) -> DemoClock | None:
        if self.path is None:
            return None
        try:
            status = os.stat(self.path)  # noqa: PTH116  # hot path: once per request
        except FileNotFoundError:
            self.stamp, self.demo = None, None
            return None
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self.stamp:
            self.demo = _read(self.path)
            self.stamp = stamp
        return self.demo


_source = _Source()


def _read(path: Path) -> DemoClock:
    facts = json.loads(path.read_text(encoding="utf-8"))
    return DemoClock(
        anchor_at=datetime.fromisoformat(facts["anchor_at"]),
        starts_at=datetime.fromisoformat(facts["starts_at"]),
        rate=float(facts["rate"]),
    )


def use_demo_file(path: Path | None) -> None:
    """Let this process follow the demonstration clock kept in `path` (None: real time only)."""
    _source.path, _source.stamp, _source.demo = path, None, None


def real_now() -> datetime:
    """The machine's time, aware UTC."""
    return datetime.now(UTC)  # noqa: TID251  # the one place that may


def now() -> datetime:
    """Business time, aware UTC."""
    real = real_now()
    demo = _source.current()
    return demo.at(real) if demo else real


def demo_clock() -> DemoClock | None:
    """The demonstration clock in force, or None in real time."""
    return _source.current()


def set_demo(path: Path, starts_at: datetime, rate: float) -> DemoClock:
    """Start the demonstration clock at `starts_at` running at `rate`; every process follows at once."""
    demo = DemoClock(anchor_at=real_now(), starts_at=starts_at.astimezone(UTC), rate=rate)
    facts = {"anchor_at": demo.anchor_at.isoformat(), "starts_at": demo.starts_at.isoformat(), "rate": rate}
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".clock-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(facts, file)
    Path(temporary).replace(path)  # atomic: a reader sees the old clock or the new one
    return demo
