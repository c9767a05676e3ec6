"""Which paths a reader may be sent on to: pages of this site and nothing else."""

from urllib.parse import urlsplit

from flask import current_app, request


def safe_next(target: str | None, default: str = "/") -> str:
    """A path on this site to go on to; anything else becomes `default`."""
    if not target or "\\" in target or any(ord(letter) < ord(" ") for letter in target):
        return default
    pieces = urlsplit(target)
    if pieces.scheme or pieces.netloc or not target.startswith("/") or target.startswith("//"):
        return default
    return target


def page_to_return_to() -> str | None:
    """The page to show after signing in: this one, or the page whose form was sent; None when unknown.

    A form cannot be sent again by a redirect, and the address of many forms has no page to GET.
    """
    if request.method == "GET":
        return request.full_path.rstrip("?")
    try:
        pieces = urlsplit(request.referrer or "")
    except ValueError:
        return None
    if pieces.netloc != request.host:
        return None
    path = safe_next(pieces._replace(scheme="", netloc="", fragment="").geturl(), "")
    return path if path and _is_page(pieces.path) else None


def _is_page(path: str) -> bool:
    adapter = current_app.create_url_adapter(request)
    return adapter is not None and adapter.test(path, method="GET")
