"""How long a start is waited for: as long as it gets on, within a bound.

A loaded machine may need minutes for what takes seconds elsewhere. What works on its start uses the
processor, writes to its log, or has fewer parts left to wait for; what hangs does nothing of these.
"""

import os
from collections.abc import Hashable
from pathlib import Path

#: So many seconds without any sign of progress are enough, and so many in all.
QUIET_SECONDS = 120.0
LONGEST_SECONDS = 900.0
#: Less of the processor than this is used by waiting, too.
WORK_SECONDS = 1.0


class Patience:
    """Told what can be seen of a start from time to time; `began` and `now` are monotonic seconds."""

    def __init__(
        self, began: float, *, quiet: float = QUIET_SECONDS, longest: float = LONGEST_SECONDS
    ) -> None:
        self._began = self._moved = began
        self._quiet, self._longest = quiet, longest
        self._seen: Hashable = None

    def is_over(self, seen: Hashable, now: float) -> bool:
        """Whether nothing of what is `seen` has changed for too long, or it takes too long in all."""
        if seen != self._seen:
            self._seen, self._moved = seen, now
        return now - self._moved > self._quiet or now - self._began > self._longest


def processor_seconds(pid: int | None) -> float:
    """What a process, with the ended ones that it started, has used; 0.0 where nothing tells."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, facts[11:15])) / os.sysconf("SC_CLK_TCK")  # user and system, own and of children
