"""The API of a running demonstration, signed in as one of its accounts."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import requests

PATIENCE = 30
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass
class Office:
    """One account at its desk."""

    url: str
    username: str
    password: str
    _session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self._session.trust_env = False  # a proxy has no business between us and 127.0.0.1
        body = {"username": self.username, "password": self.password}
        self._session.headers["Authorization"] = f"Bearer {self.post('sign-in', **body)['token']}"

    def get(self, path: str) -> Any:
        return self._call("GET", path)

    def post(self, path: str, **body: Any) -> Any:
        return self._call("POST", path, json=body)

    def today_at(self, hour: int, minute: int = 0) -> datetime:
        """A time of the day that the halls' clock shows."""
        now = datetime.fromisoformat(self.get("clock")["now"]).astimezone(ZONE)
        return now.replace(hour=hour, minute=minute, second=0, microsecond=0)

    def set_time(self, hour: int, minute: int = 0) -> None:
        """Let the halls' clock show it, and go on at the speed of any clock."""
        self._call("PUT", "clock", json={"now": self.today_at(hour, minute).isoformat(), "rate": 1})

    def _call(self, method: str, path: str, **facts: Any) -> Any:
        answer = self._session.request(method, f"{self.url}/api/v1/{path}", timeout=PATIENCE, **facts)
        assert answer.ok, f"{method} {path}: {answer.text}"
        return answer.json()
