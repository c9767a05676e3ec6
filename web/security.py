"""Headers and sessions: deny by default, nothing from elsewhere, no inline code."""

import re
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from kernel.settings import Settings
from web.bare import Application

MAX_BODY = 256 * 1024
# Where administrators send whole spreadsheets, and nowhere else.
_SPREADSHEETS, _MAX_SPREADSHEET = "/admin/tables/", 8 * 1024 * 1024
# Where they send pictures of papers: somewhat more than a picture may have, so that it is refused in words.
_PICTURES, _MAX_PICTURE = (
    re.compile("(/admin/services/[^/]+/materials/|/api/v1/services/[^/]+/pictures$)"),
    12 * 1024 * 1024,
)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def policy(settings: Settings) -> str:
    """The Content-Security-Policy of every page."""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "media-src 'self'",
            "font-src 'self'",
            f"connect-src 'self' {_origin(settings.live_base_url)}",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )


class Sessions(SecureCookieSessionInterface):
    """Flask's, which makes its keys ready for every request, also for those that have no cookie to check."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of the cookie, or an empty one."""
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


def register(app: Flask, settings: Settings) -> None:
    """Session cookies, body limit and response headers."""
    secure = settings.base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        SESSION_COOKIE_NAME="youhao",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SECURE=secure,
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.session_interface = Sessions()
    csp = policy(settings)

    hardening = {
        "Content-Security-Policy": csp,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
        **({"Strict-Transport-Security": "max-age=31536000"} if secure else {}),
    }
    if isinstance(app, Application):
        app.hardening = [*hardening.items(), ("Cache-Control", "no-store")]
    may_differ = {"Content-Security-Policy", "Referrer-Policy"}

    def harden(response: Response) -> Response:
        headers = response.headers
        for name, value in hardening.items():
            if name not in may_differ or name not in headers:
                headers[name] = value
        if not request.path.startswith("/static/"):
            headers.setdefault("Cache-Control", "no-store")
        return response

    app.before_request(_refuse_unstorable_address)
    app.before_request(_let_files_in)
    app.after_request(harden)


def _refuse_unstorable_address() -> None:
    """PostgreSQL keeps no NUL: an address with one names nothing that can exist."""
    if "\0" in request.path:
        abort(404)


def _let_files_in() -> None:
    """Before anything reads the form."""
    if request.path.startswith(_SPREADSHEETS):
        request.max_content_length = request.max_form_memory_size = _MAX_SPREADSHEET
    elif _PICTURES.match(request.path):
        request.max_content_length = _MAX_PICTURE
