"""`/api/v1`: the same use cases for mini programs and other systems. OpenAPI 3.1; errors are RFC 9457."""

from importlib import import_module
from typing import Any

from flask import Flask
from flask_smorest import Api

from web.api import docs
from web.api.blueprint import CodeConverter, LabelConverter, ReferenceConverter, pattern_of

RESOURCES = (
    "services",
    "halls",
    "availability",
    "holds",
    "phone_codes",
    "saved_persons",
    "appointments",
    "staff_bookings",
    "tickets",
    "villages",
    "counters",
    "staff_work",
    "boards",
    "ratings",
    "sign_in",
    "administration",
    "devices",
    "content",
    "closures",
    "waitlists",
    "hall_waitlists",
    "appeals",
    "document_appeals",
    "special_requests",
    "day_numbers",
    "day_reports",
    "histories",
    "system",
)
CONVERTERS = {"code": CodeConverter, "label": LabelConverter, "reference": ReferenceConverter}


class ProblemApi(Api):
    """flask-smorest, whose own error format and handlers give way to ours (`web.problems`)."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """None: errors meet HTTP in `web.problems`."""

    def _register_responses(self) -> None:
        """None: every operation lists its own refusals (`web.api.blueprint`)."""

    def _register_pagination_header(self) -> None:
        """None: no list here is long enough for pages."""


def register(app: Flask) -> None:
    """Add every resource, the OpenAPI document and its page."""
    app.config.update(API_TITLE="Youhao 有号", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    app.url_map.converters.update(CONVERTERS)
    api = ProblemApi(app, spec_kwargs=docs.spec_options(app.extensions["youhao"].settings))
    for converter in CONVERTERS.values():
        api.register_converter(converter, pattern_of)
    docs.add_components(api.spec)
    csrf: Any = app.extensions["csrf"]
    for name in RESOURCES:
        blueprint = import_module(f"web.api.{name}").blueprint
        csrf.exempt(blueprint)
        api.register_blueprint(blueprint, url_prefix="/api/v1")
    docs.register(app, api.spec)
