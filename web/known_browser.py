"""The cookie of a browser that needs no code any more; what it stands for is in `people.known_browsers`."""

from flask import Response, after_this_request, current_app, g, request

from people import known_browsers
from web import edge

COOKIE = "mine"


def known_phone() -> str | None:
    """The phone (E.164) that this browser stands for; read once per request."""
    if "known_phone" not in g:
        token = request.cookies.get(COOKIE, "")
        g.known_phone = _find(token) if token else None
    found: str | None = g.known_phone
    return found


def _find(token: str) -> str | None:
    with edge.transaction() as session:
        return known_browsers.find_phone(session, token, now=edge.now())


def remember_browser(phone: str) -> None:
    """Ask this browser for no more codes; the phone was verified a moment ago."""
    with edge.transaction() as session:
        token = known_browsers.remember(session, phone, actor=edge.actor(), now=edge.now())
    g.known_phone = phone

    @after_this_request
    def keep(answer: Response) -> Response:
        answer.set_cookie(
            COOKIE,
            token,
            max_age=int(known_browsers.VALID_FOR.total_seconds()),
            httponly=True,
            samesite="Lax",
            secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        )
        return answer


def forget_browser() -> None:
    """Withdraw what this browser stood for, here and in the database."""
    token = request.cookies.get(COOKIE, "")
    g.known_phone = None
    if not token:
        return
    with edge.transaction() as session:
        known_browsers.forget_this(session, token, actor=edge.actor(), now=edge.now())

    @after_this_request
    def drop(answer: Response) -> Response:
        answer.delete_cookie(COOKIE, httponly=True, samesite="Lax")
        return answer
