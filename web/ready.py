"""What everybody asks before a release: answered from memory, before Flask and the database are asked.

It stands in front of the application, so that a hit costs next to nothing: no session, no limits, no SQL.
Limits protect what is costly or scarce, and a hit is neither. What is told is at most
`kernel.ready.KEPT_SECONDS` old: whatever is booked, closed or changed is seen by everybody within a second.
"""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.http import parse_cookie
from werkzeug.test import run_wsgi_app

from kernel import clock
from kernel.parts import Parts
from kernel.ready import Made, Ready
from web import edge

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LONGEST_QUERY = 400
_OK, _SERVER_FAULT = 200, 500


class ReadyAnswers:
    """WSGI in front of the application: reads of availability come ready."""

    def __init__(self, app: Flask) -> None:
        self._app, self._inner = app, app.wsgi_app
        self._of: Parts | None = None
        self._ready: Ready | None = None

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer, or let the application answer."""
        key = _key(environ)
        if key is None:
            return self._inner(environ, start_response)
        head, _newline, body = self._memory().get(key, lambda: _made(self._inner, environ)).partition(b"\n")
        status, headers = json.loads(head)
        start_response(status, [(name, value) for name, value in headers])
        return [body]

    def _memory(self) -> Ready:
        parts: Parts = self._app.extensions["youhao"]
        if self._ready is None or self._of is not parts:  # tests put the same application over other parts
            self._of, self._ready = parts, Ready(parts.redis)
        return self._ready


def _key(environ: "WSGIEnvironment") -> str | None:
    """Everything that an answer depends on; None for whatever is not answered from memory."""
    path: str = environ["PATH_INFO"]
    if not path.endswith("/availability") or environ["REQUEST_METHOD"] != "GET":
        return None
    query = environ.get("QUERY_STRING", "")
    if not path.startswith("/api/v1/") or len(path) + len(query) > _LONGEST_QUERY:
        return None
    chosen = parse_cookie(environ.get("HTTP_COOKIE")).get("lang", "") if "HTTP_COOKIE" in environ else ""
    language = edge.language_of(chosen, path, environ.get("HTTP_ACCEPT_LANGUAGE", ""))
    gzip = "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
    demo = clock.demo_clock()  # a jump of the clock changes it, and with it everything that was told
    return f"{path}?{query} {language} {gzip} {demo}"


def _made(inner: "WSGIApplication", environ: "WSGIEnvironment") -> Made:
    """The application's own answer as bytes. Refusals are kept by this process; failures by nobody."""
    body, status, headers = run_wsgi_app(inner, environ, buffered=True)
    code = int(status[:3])
    value = json.dumps([status, list(headers)]).encode() + b"\n" + b"".join(body)
    return Made(value, kept=code < _SERVER_FAULT and "Set-Cookie" not in headers, shared=code == _OK)
