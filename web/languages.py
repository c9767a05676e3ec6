"""Chinese first, English by an explicit switch; care mode (适老化) the same way: both are cookies."""

from datetime import date
from typing import Any

from flask import Blueprint, Flask, redirect, request
from flask_babel import Babel, format_date
from werkzeug.wrappers import Response

from web import edge
from web.guards import public
from web.paths import safe_next

blueprint = Blueprint("preferences", __name__)
_YEAR = 31_536_000
_CHOICES = {"lang": {"zh", "en"}, "care": {"0", "1"}, "size": {"18", "22", "26", "30"}}


@blueprint.get("/preferences")
@public
def choose() -> Response:
    """Remember language, care mode or text size, and go back to the page."""
    answer = redirect(safe_next(request.args.get("next")))
    for name, allowed in _CHOICES.items():
        value = request.args.get(name)
        if value in allowed:
            answer.set_cookie(
                name, value, max_age=_YEAR, samesite="Lax", httponly=True, secure=request.is_secure
            )
    return answer


def _context() -> dict[str, object]:
    size = request.cookies.get("size", "")
    return {
        "lang": edge.language(),
        "care": request.cookies.get("care") == "1",
        "text_size": int(size) if size in _CHOICES["size"] else None,
        "text": edge.text,
        "local": edge.local,
    }


def day_words(day: date) -> str:
    """A date as people say it: `11月23日 周一`, `Mon 23 Nov`."""
    return str(format_date(day, "EEE d MMM" if edge.language() == "en" else "M月d日 EEE"))


def hall_topic(hall: Any) -> str:
    """The live topic of a hall."""
    return f"hall:{hall.id}"


def register(app: Flask) -> None:
    """Babel with our switch, and the words that every template may use."""
    app.config.update(BABEL_DEFAULT_LOCALE="zh_Hans", BABEL_DEFAULT_TIMEZONE="Asia/Shanghai")
    Babel(app, locale_selector=lambda: edge.LANGUAGES[edge.language()])
    app.context_processor(_context)
    app.jinja_env.filters.update(day_words=day_words, hall_topic=hall_topic)
    app.register_blueprint(blueprint)
