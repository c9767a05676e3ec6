"""The server's business time, reckoned here from one reading of its clock."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class PlayClock:
    """Business time was `business_at` when `time.monotonic()` was `read_at`; it runs at `rate`.

    `read_at` is taken after the answer came, so this clock is never ahead of the server's: nobody checks
    in before the server thinks they may.
    """

    read_at: float
    business_at: datetime
    rate: float

    def now(self) -> datetime:
        """Business time."""
        return self.business_at + timedelta(seconds=(time.monotonic() - self.read_at) * self.rate)

    def seconds_until(self, moment: datetime) -> float:
        """Real seconds until a business moment; 0 when it has come."""
        return max(0.0, (moment - self.now()).total_seconds() / self.rate)
