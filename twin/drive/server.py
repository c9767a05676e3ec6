"""The running server as the driver sees it: JSON over HTTP, one connection per thread."""

import threading
import time
from collections import Counter
from typing import Any

import requests

_PAUSES = (0.1, 0.3, 1.0, 2.0, 4.0, 8.0)  # between tries when nobody answers: 15 seconds in all
_LONGER = (8.0,) * 5  # more of them for who has answered before: it is being started again, on a busy machine
_PAIR = 2  # /halls/wola: a thing and its name
_CONFLICT, _SERVER_ERROR, _BAD_GATEWAY, _UNAVAILABLE = 409, 500, 502, 503


class Refused(Exception):
    """The server said no; `code` is the problem's stable name."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code = status, code
        #: It was sent before, and no answer came.
        self.again = False
        #: The members of the problem.
        self.problem: dict[str, Any] = {}

    @property
    def is_done(self) -> bool:
        """Whether the first request, whose answer was lost, has done it: things have moved on since."""
        return self.again and self.status == _CONFLICT


class ServerUnreachable(Exception):
    """Nobody answers at the address."""


class Server:
    """`/api/v1` of one server. All threads share it."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.token = ""
        self._local = threading.local()
        self._lock = threading.Lock()
        self._seconds: dict[str, list[float]] = {}
        self._latest: list[float] = []
        self._refusals: Counter[str] = Counter()
        self._server_errors: list[str] = []

    def get(self, path: str, **params: Any) -> Any:
        """The answer to a question."""
        return self._call("GET", path, params=params)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """Write something whole."""
        return self._call("PUT", path, json=body)

    def post(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        token: str = "",
        key: str = "",
        proof: str = "",
    ) -> Any:
        """Do something; `token` stands in for the administrator's, `key` is the Idempotency-Key."""
        headers = {"Idempotency-Key": key} if key else {}
        if proof:
            headers["Youhao-Proof"] = proof
        return self._call("POST", path, json=body or {}, token=token, headers=headers)

    def seconds_by_operation(self) -> dict[str, list[float]]:
        """Operation → real seconds of each answer."""
        with self._lock:
            return {name: list(values) for name, values in self._seconds.items()}

    def latest_seconds(self) -> list[float]:
        """Real seconds of the answers since this was asked last."""
        with self._lock:
            latest, self._latest = self._latest, []
            return latest

    def refusals(self) -> dict[str, int]:
        """Code of a problem → how often it was the answer."""
        with self._lock:
            return dict(self._refusals)

    def server_errors(self) -> list[str]:
        """Answers that no server should give: 500 and its like."""
        with self._lock:
            return list(self._server_errors)

    def _call(
        self, method: str, path: str, *, token: str = "", headers: dict[str, str] | None = None, **more: Any
    ) -> Any:
        bearer = token or self.token
        sent = {**(headers or {}), **({"Authorization": f"Bearer {bearer}"} if bearer else {})}
        again = False
        known = bool(self._seconds)
        for pause in (*_PAUSES, *(_LONGER if known else ()), None):
            try:
                answer = self._once(method, path, headers=sent, **more)
            except requests.ConnectionError as error:
                again = True
                if pause is None:
                    raise ServerUnreachable(f"nobody answers at {self.url}") from error
            else:
                if answer.status_code not in (_BAD_GATEWAY, _UNAVAILABLE) or pause is None:
                    return self._read(method, path, answer, again=again)
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _once(self, method: str, path: str, **more: Any) -> requests.Response:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False  # a proxy has no business between us and 127.0.0.1
        began = time.monotonic()
        answer: requests.Response = self._local.session.request(
            method, f"{self.url}/api/v1{path}", timeout=30, **more
        )
        with self._lock:
            self._latest.append(time.monotonic() - began)
            self._seconds.setdefault(_operation(path), []).append(self._latest[-1])
        return answer

    def _read(self, method: str, path: str, answer: requests.Response, *, again: bool) -> Any:
        if answer.ok:
            return answer.json() if answer.content else None
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        code = str(problem.get("code", "?"))
        with self._lock:
            self._refusals[code] += 1
            if answer.status_code >= _SERVER_ERROR:
                self._server_errors.append(f"{method} {path.split('/')[1]} {answer.status_code}")
        refused = Refused(answer.status_code, code, str(problem.get("detail", answer.reason)))
        refused.again, refused.problem = again, problem
        raise refused


def _operation(path: str) -> str:
    """What is done, without whom: the last word of an address that is not a code or a reference."""
    words = path.strip("/").split("/")
    return words[0] if len(words) % 2 == 0 and len(words) <= _PAIR else words[-1]
