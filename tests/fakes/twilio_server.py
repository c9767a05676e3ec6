"""A stateful stand-in for Twilio's REST API on the loopback: it keeps what it accepts and calls back.

What it does is chosen by the last four digits of the recipient (magic numbers):

    0400  refused: not a mobile number (21614)      0401  refused: our credentials (20003)
    0429  too many requests, nothing kept           0500  an error after keeping the message
    0503  an error, nothing kept                    0408  keeps it, answers after the client gave up
    0204  keeps it, cuts the connection             0418  keeps it, answers something that is no JSON
    any other: accepted
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

import requests
from twilio.request_validator import RequestValidator

from kernel import clock

ACCOUNT = "AC" + "0" * 32
TOKEN = "fake-token"
HANG_SECONDS = 1.5


@dataclass
class Kept:
    sid: str
    to: str
    body: str
    callback: str
    validity: str
    created: str


@dataclass
class TwilioState:
    """What the fake remembers; `can_list` switches its list on and off."""

    kept: list[Kept] = field(default_factory=list)
    requests: int = 0
    can_list: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, form: dict[str, str]) -> Kept:
        with self.lock:
            kept = Kept(
                sid=f"SM{len(self.kept):032x}",
                to=form["To"],
                body=form["Body"],
                callback=form.get("StatusCallback", ""),
                validity=form.get("ValidityPeriod", ""),
                created=format_datetime(clock.real_now().astimezone(UTC)),
            )
            self.kept.append(kept)
            return kept

    def call_back(self, kept: Kept, status: str, *, url: str | None = None, token: str = TOKEN) -> int:
        """Push a signed receipt to the address that came with the message; returns the answer's status.

        The signature is over that address; `url` is where it is really sent.
        """
        form, signature = self.receipt(kept, status, token=token)
        answer = requests.post(
            url or kept.callback, data=form, headers={"X-Twilio-Signature": signature}, timeout=5
        )
        return answer.status_code

    @staticmethod
    def receipt(kept: Kept, status: str, *, token: str = TOKEN) -> tuple[dict[str, str], str]:
        """The form of a receipt and its signature. Parameters that nobody announced are signed as well."""
        form = {
            "MessageSid": kept.sid,
            "MessageStatus": status,
            "To": kept.to,
            "AccountSid": ACCOUNT,
            "BrandNewParameter": "1",
        }
        return form, RequestValidator(token).compute_signature(kept.callback, form)


class _Handler(BaseHTTPRequestHandler):
    state: TwilioState
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def _answer(self, status: int, body: object, *, raw: bytes | None = None) -> None:
        content = raw if raw is not None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _error(self, status: int, code: int) -> None:
        self._answer(status, {"status": status, "code": code, "message": "no", "more_info": ""})

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        form = dict(parse_qsl(self.rfile.read(length).decode()))
        self.state.requests += 1
        {
            "0400": lambda: self._error(400, 21614),
            "0401": lambda: self._error(401, 20003),
            "0429": lambda: self._error(429, 20429),
            "0503": lambda: self._error(503, 20503),
            "0500": lambda: (self.state.keep(form), self._error(500, 20500)),
            "0408": lambda: self._hang(form),
            "0204": lambda: self._cut(form),
            "0418": lambda: (self.state.keep(form), self._answer(201, None, raw=b"<html>")),
        }.get(form["To"][-4:], lambda: self._answer(201, as_json(self.state.keep(form))))()

    def _hang(self, form: dict[str, str]) -> None:
        kept = self.state.keep(form)
        time.sleep(HANG_SECONDS)
        self._answer(201, as_json(kept))

    def _cut(self, form: dict[str, str]) -> None:
        self.state.keep(form)
        self.close_connection = True
        self.connection.shutdown(2)

    def do_GET(self) -> None:
        if not self.state.can_list:
            self._error(503, 20503)
            return
        to = parse_qs(urlsplit(self.path).query).get("To", [""])[0]
        found = [as_json(kept) for kept in reversed(self.state.kept) if kept.to == to]
        page = {"messages": found, "page": 0, "page_size": 50, "next_page_uri": None}
        self._answer(200, {**page, "uri": self.path, "first_page_uri": self.path})


def as_json(kept: Kept) -> dict[str, object]:
    return {
        "sid": kept.sid,
        "to": kept.to,
        "body": kept.body,
        "status": "queued",
        "date_created": kept.created,
        "date_sent": None,
        "error_code": None,
    }


@contextmanager
def twilio_server() -> Iterator[tuple[str, TwilioState]]:
    """Serve until the block ends; yields the base address and the state."""
    state = TwilioState()
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
