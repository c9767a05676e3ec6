"""The blueprint that all citizen pages share, with the words their templates use."""

from typing import Any

from flask import Blueprint
from flask import session as cookie_session

from kernel import clock
from web.citizen import words
from web.citizen.trip import Way
from web.looks import count_first_look

BASKET_KEY = "basket"

blueprint = Blueprint("citizen", __name__)
blueprint.before_request(count_first_look)


@blueprint.context_processor
def _words() -> dict[str, Any]:
    demo = clock.demo_clock()
    return {
        "way_of": Way,
        "basket_count": lambda: len(cookie_session.get(BASKET_KEY, [])),
        "day": words.day,
        "date_alone": words.date_alone,
        "weekday": words.weekday,
        "hour": words.hour,
        "span": words.span,
        "yuan": words.yuan,
        "mask_phone": words.mask_phone,
        "clock_rate": demo.rate if demo else 1,
    }
