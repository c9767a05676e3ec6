"""Static files: versioned addresses, kept by browsers for a year, sent gzipped where it helps."""

import gzip
import hashlib
import mimetypes
from functools import cache
from http import HTTPStatus
from pathlib import Path

from flask import Flask, Response, request, send_from_directory, url_for

from web.guards import public

STATIC = Path(__file__).parent / "static"
_YEAR = 31_536_000
_SMALL = 800
PAPERS = "img/papers"
_TEXT = (".css", ".js", ".svg", ".json")


@cache
def _version(path: str) -> str:
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]


def asset(path: str) -> str:
    """The address of a file below `web/static`, changed whenever its content changes."""
    return url_for("static_file", path=path, v=_version(path))


@cache
def _pictures() -> dict[str, str]:
    return {each.stem: each.name for each in sorted((STATIC / PAPERS).iterdir()) if each.is_file()}


def paper_pictures() -> list[str]:
    """The example pictures of papers that the program brings, by name."""
    return list(_pictures())


def paper_picture(name: str) -> str:
    """The address of the example picture of a paper; empty when there is none."""
    found = _pictures().get(name)
    return asset(f"{PAPERS}/{found}") if found else ""


@cache
def _gzipped(path: str, version: str) -> bytes:
    del version  # part of the key: a changed file is packed again
    return gzip.compress((STATIC / path).read_bytes(), 9, mtime=0)


@public
def static_file(path: str) -> Response:
    """One file; immutable when asked with the version that it has."""
    if path.endswith(_TEXT) and (STATIC / path).is_file() and _takes_gzip() and _is_inside(path):
        response = Response(_gzipped(path, _version(path)), content_type=mimetypes.guess_type(path)[0])
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
    else:
        response = send_from_directory(STATIC, path, conditional=True)
    is_current = response.status_code == HTTPStatus.OK and request.args.get("v") == _version(path)
    response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable" if is_current else "no-cache"
    return response


def _takes_gzip() -> bool:
    return "gzip" in request.headers.get("Accept-Encoding", "")


def _is_inside(path: str) -> bool:
    return (STATIC / path).resolve().is_relative_to(STATIC.resolve())


def compress(response: Response) -> Response:
    """Gzip pages and JSON for whoever takes it; streams and small answers stay as they are."""
    if (
        response.direct_passthrough
        or response.is_streamed
        or "Content-Encoding" in response.headers
        or not _takes_gzip()
        or not (response.content_type or "").startswith(("text/", "application/json", "application/problem"))
    ):
        return response
    body = response.get_data()
    if len(body) > _SMALL:
        response.set_data(gzip.compress(body, 5, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = ", ".join(filter(None, [response.headers.get("Vary"), "Accept-Encoding"]))
    return response


def register(app: Flask) -> None:
    """Serve the files and pack the answers."""
    app.add_url_rule("/static/<path:path>", "static_file", static_file)
    app.jinja_env.globals.update(asset=asset)
    app.after_request(compress)
