"""What only an administrator's program may do: set the demonstration clock."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import requests

PATIENCE = 20
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass
class Office:
    """The API, signed in as an account of the demonstration."""

    url: str
    username: str
    password: str
    _session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        body = {"username": self.username, "password": self.password}
        token = self._call("POST", "sign-in", json=body)["token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def set_time(self, hour: int, minute: int = 0, *, rate: float = 1) -> datetime:
        """Let the halls' clock show a time of its own day."""
        today = datetime.fromisoformat(self._call("GET", "clock")["now"]).astimezone(ZONE)
        then = today.replace(hour=hour, minute=minute, second=0, microsecond=0)
        self._call("PUT", "clock", json={"now": then.isoformat(), "rate": rate})
        return then

    def _call(self, method: str, path: str, **facts: object) -> dict[str, str]:
        answer = self._session.request(method, f"{self.url}/api/v1/{path}", timeout=PATIENCE, **facts)
        answer.raise_for_status()
        return answer.json()
