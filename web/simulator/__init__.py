"""The SMS simulator: every message as its phone would show it, and a box to answer. Never in production."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask, Response, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from kernel import audit, clock
from kernel.actor import ANONYMOUS
from kernel.errors import NotFound
from notifications import simulator
from notifications.simulator import Bubble
from web import edge
from web.fragments import fragment
from web.guards import public

blueprint = Blueprint("simulator", __name__, url_prefix="/simulator")
PHONES = 24
JUMPS = (10, 30, 120)  # minutes


def _require_simulated() -> None:
    settings = edge.parts().settings
    if settings.production or settings.sms_gateway != "console":
        raise NotFound
    g.actor = ANONYMOUS


def _phones(limit: int = PHONES) -> list[list[Bubble]]:
    """Conversations, the phone with the newest message first."""
    with edge.transaction() as session:
        newest = simulator.list_simulated(session, limit=400)
        phones = list(dict.fromkeys(bubble.phone for bubble in newest))[:limit]
        return [simulator.conversation(session, phone, limit=30) for phone in phones]


def _view() -> dict[str, Any]:
    return {"phones": _phones(), "topic": simulator.TOPIC}


@blueprint.get("/")
@public
def home() -> Any:
    """All phones."""
    _require_simulated()
    return render_template("simulator/home.html", **_view(), jumps=JUMPS)


@blueprint.get("/phones")
@public
def phones() -> Response:
    """What changes on the page."""
    _require_simulated()
    return fragment("simulator/phones.html", **_view())


@blueprint.post("/answer")
@public
def answer() -> Any:
    """Answer as the owner of the phone would."""
    _require_simulated()
    text = request.form.get("text", "").strip()[:500]
    with edge.transaction() as session:
        if text:
            simulator.answer(session, request.form.get("phone", ""), text, now=edge.now())
    flash(_("已代发这条短信。") if text else _("请先写下短信内容。"), "ok" if text else "warn")
    return redirect(url_for("simulator.home"), 303)


@blueprint.post("/clock")
@public
def forward() -> Any:
    """Let the demonstration's clock jump ahead: nobody who tries it waits half an hour for a slot."""
    _require_simulated()
    settings = edge.parts().settings
    minutes = request.form.get("minutes", type=int)
    running = clock.demo_clock()
    if not settings.demo or settings.clock_file is None or running is None or minutes not in JUMPS:
        raise NotFound
    with edge.transaction() as session:
        audit.record(
            session, "clock.set", actor=edge.actor(), now=edge.now(), subject=("clock", None), minutes=minutes
        )
    clock.set_demo(settings.clock_file, edge.now() + timedelta(minutes=minutes), running.rate)
    return redirect(url_for("simulator.home"), 303)


def register(app: Flask) -> None:
    """Add the simulator, except in production."""
    if not app.extensions["youhao"].settings.production:
        app.register_blueprint(blueprint)
