"""`/api/v1`: the same use cases for mini programs and other systems. OpenAPI 3.1; errors are RFC 9457."""

from importlib import import_module

from flask import Flask
from flask_smorest import Api

from web.api import docs

RESOURCES = (
    "services",
    "halls",
    "availability",
    "holds",
    "phone_codes",
    "appointments",
    "tickets",
    "counters",
    "boards",
    "ratings",
    "sign_in",
    "administration",
    "system",
)


def register(app: Flask) -> None:
    """Add every resource, the OpenAPI document and its page."""
    app.config.update(
        API_TITLE="Youhao 有号",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = Api(app)
    csrf = app.extensions["csrf"]
    for name in RESOURCES:
        blueprint = import_module(f"web.api.{name}").blueprint
        csrf.exempt(blueprint)
        api.register_blueprint(blueprint, url_prefix="/api/v1")
    docs.register(app, api)
