"""A device by a random cookie that we made: addresses are shared by halls and carriers, devices are not.

The cookie says nothing about anybody. Its last part is our mark, so that nobody makes up their own.
Programs without cookies may send a random text of their own in `Youhao-Device`.
"""

import hmac
import re

from flask import Response, g, request

from kernel.crypto import cipher
from kernel.ids import new_reference
from web import edge

COOKIE = "yd"
HEADER = "Youhao-Device"
_KEPT_SECONDS = 180 * 86400
_OWN = re.compile(r"[!-~]{16,64}")


def device() -> str | None:
    """The device of this request, None when it has not shown one."""
    text, _dot, mark = request.cookies.get(COOKIE, "").partition(".")
    return text if text and hmac.compare_digest(mark.encode(), _mark(text).encode()) else None


def announced_device() -> str | None:
    """The text by which a program says that its requests belong together."""
    text = request.headers.get(HEADER, "")
    return text if _OWN.fullmatch(text) else None


def is_nameless() -> bool:
    """Whether nothing of ours says who asks: what a program calls itself costs nothing to make up."""
    return device() is None


def address() -> str:
    """Where the request comes from, as the trusted proxies say."""
    return request.remote_addr or ""


def give_device(response: Response) -> Response:
    """Let the browser keep a cookie of its own, if it has none yet."""
    if device() is None:
        text = g.get("new_device") or new_reference()
        response.set_cookie(
            COOKIE,
            cookie_of(text),
            max_age=_KEPT_SECONDS,
            httponly=True,
            secure=edge.parts().settings.base_url.startswith("https://"),
            samesite="Lax",
        )
    return response


def cookie_of(text: str) -> str:
    """What the cookie of a device says."""
    return f"{text}.{_mark(text)}"


def device_to_be() -> str:
    """The device of this request, or the one that its answer will carry."""
    known = device()
    if known is None:
        g.new_device = g.get("new_device") or new_reference()
        known = str(g.new_device)
    return known


def _mark(text: str) -> str:
    return cipher().blind_index(text, "device.cookie").hex()[:16]
