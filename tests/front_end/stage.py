"""A small stage for the front end: the real templates and modules on pages that hold one thing each."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path

from flask import Flask, Response, flash, redirect, render_template, request
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect
from jinja2 import FileSystemLoader

WEB = Path(__file__).resolve().parents[2] / "web"
CSP = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' data:; "
    "media-src 'self'; "
    "connect-src 'self'; "
    "form-action 'self'; "
)


@dataclass
class State:
    """What the tests change and look at."""

    called: int = 1
    slots: list[str] = field(default_factory=lambda: ["09:00", "09:30", "10:00"])
    calls: list[tuple[str, str, bool]] = field(default_factory=lambda: [("c1", "A001", False)])
    presses: list[str] = field(default_factory=list)
    posts: list[dict[str, str]] = field(default_factory=list)
    down: bool = False
    lose_answers: int = 0
    token: str = "first"
    streams: list[str] = field(default_factory=list)

    def mark(self) -> tuple[object, ...]:
        return self.called, tuple(self.slots), tuple(self.calls)


PAGES = Path(__file__).resolve().parent / "pages"


def call_attrs(call: tuple[str, str, bool]) -> str:
    return f"data-call={call[0]}" + (" data-stale" if call[2] else "")


def make_stage(state: State) -> Flask:
    app = Flask(__name__, static_folder=str(WEB / "static"), static_url_path="/static")
    app.jinja_loader = FileSystemLoader([PAGES, WEB / "templates"])
    app.config.update(SECRET_KEY="stage")
    Babel(app)
    CSRFProtect(app)
    app.jinja_env.globals.update(
        asset=lambda path: f"/static/{path}",
        press_id=lambda: secrets.token_hex(8),
        call_attrs=call_attrs,
        state=state,
    )
    app.context_processor(lambda: context(state))
    app.after_request(secure)
    add_pages(app)
    add_live(app, state)
    add_posts(app, state)
    return app


def context(state: State) -> dict[str, object]:
    return {
        "care": "care" in request.args,
        "lang": request.args.get("lang", "zh"),
        "staff_name": "王警官",
        "helpline": "12345",
        "slot_options": [
            *[(slot, slot) for slot in state.slots],
            {"value": "x", "label": "11:00", "disabled": True},
        ],
    }


def secure(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CSP
    return response


def add_pages(app: Flask) -> None:
    @app.get("/<name>")
    def show(name: str) -> str:
        return render_template(f"{name}.html")


def add_live(app: Flask, state: State) -> None:
    @app.get("/fragment/<name>")
    def fragment(name: str) -> tuple[str, int] | Response:
        if state.down:
            return "", 503
        tag = sha1(repr((state.mark(), name)).encode(), usedforsecurity=False).hexdigest()
        if request.headers.get("If-None-Match") == f'"{tag}"':
            return "", 304
        return Response(render_template(f"{name}.html"), headers={"ETag": f'"{tag}"'})

    @app.get("/stream")
    def stream() -> tuple[str, int] | Response:
        if state.down:
            return "bad gateway", 502
        if request.args.get("token", state.token) != state.token:
            return "", 403
        state.streams.append(request.args.get("last_event_id", ""))
        return Response(nudges(state, state.token), mimetype="text/event-stream")


def nudges(state: State, token: str) -> Iterator[str]:
    seen = None
    yield f"id: {token}-1\nevent: beat\ndata: {{}}\n\n"
    while not state.down and token == state.token:
        yield ": beat\n\n" if state.mark() == seen else "event: nudge\ndata: 1\n\n"
        seen = state.mark()
        time.sleep(0.05)


def add_posts(app: Flask, state: State) -> None:
    @app.post("/call")
    def call() -> Response | tuple[str, int]:
        press = request.form["press"]
        state.posts.append(dict(request.form))
        if press not in state.presses:
            state.presses.append(press)
            state.called += 1
        if state.lose_answers:
            state.lose_answers -= 1
            return "", 502
        flash(f"已呼叫 A{state.called:03d}", "ok")
        return redirect("/desk", 303)  # type: ignore[return-value]

    @app.post("/refuse")
    def refuse() -> tuple[str, int]:
        return render_template(
            "refused.html", title="现在不能办结", sentence="没有正在办理的人。", layout="staff/base.html"
        ), 409

    @app.post("/scan", endpoint="scan")
    @app.post("/typed", endpoint="typed")
    def keep() -> Response:
        state.posts.append(dict(request.form))
        return redirect("/home", 303)  # type: ignore[return-value]
