"""The OpenAPI document, and a page for people made from it on the server: no scripts of others."""

import hashlib
import json
from functools import cached_property
from typing import Any

from apispec import APISpec
from flask import Blueprint, Flask, Response, render_template, request

from kernel.settings import Settings
from web.api.reference import Reference, read_reference
from web.guards import public

DESCRIPTION = """Services, halls, free times, bookings, queue and ratings of public service halls.

Every error is a problem detail (RFC 9457) with a stable `code`. Staff and devices send
`Authorization: Bearer …`. Texts come in the language of `Accept-Language` (zh or en).

政务大厅的事项、大厅、号源、预约、排队与好差评。所有错误均为 RFC 9457 problem+json，`code` 稳定不变。
"""

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details. Some codes add members: `slot_full`, `walk_ins_stopped` and "
    "`line_closed` carry `alternatives`, data errors carry `errors` or `problems`.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "description": "Where the code is explained."},
        "title": {"type": "string", "description": "A sentence for people that says what to do."},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {
            "type": "string",
            "description": "Stable; programs branch on it.",
            "examples": ["slot_full"],
        },
        "errors": {"type": "object", "description": "Field → what is wrong with it."},
        "alternatives": {"type": "array", "items": {"type": "object"}},
    },
}


def spec_options(settings: Settings) -> dict[str, Any]:
    """What the document says before any operation."""
    return {
        "info": {"description": DESCRIPTION, "license": {"name": "See the repository"}},
        "servers": [{"url": settings.base_url}],
    }


def add_components(spec: APISpec) -> None:
    """The problem, and how staff and devices show who they are."""
    spec.components.schema("Problem", PROBLEM)
    bearer = {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of staff (POST /api/v1/sign-in) or of an enrolled device.",
    }
    spec.components.security_scheme("bearer", bearer)


class Document:
    """The finished document; written once, when it is first asked for."""

    def __init__(self, spec: APISpec) -> None:
        self._spec = spec

    @cached_property
    def data(self) -> dict[str, Any]:
        """As Python data."""
        found: dict[str, Any] = self._spec.to_dict()
        return found

    @cached_property
    def text(self) -> bytes:
        """As JSON."""
        return json.dumps(self.data, ensure_ascii=False).encode()

    @cached_property
    def etag(self) -> str:
        """Changes when the document does."""
        return hashlib.sha256(self.text).hexdigest()[:24]

    @cached_property
    def reference(self) -> Reference:
        """As the page shows it."""
        return read_reference(self.data)


def register(app: Flask, spec: APISpec) -> None:
    """`/api/v1/openapi.json` and `/api/v1/docs`."""
    blueprint = Blueprint("api_docs", __name__, url_prefix="/api/v1")
    document = Document(spec)

    @blueprint.get("/openapi.json")
    @public
    def openapi() -> Response:
        response = Response(document.text, content_type="application/json")
        response.set_etag(document.etag)
        response.headers["Cache-Control"] = "no-cache"
        response.make_conditional(request)
        return response

    @blueprint.get("/docs")
    @public
    def page() -> str:
        return render_template("api/docs.html", reference=document.reference)

    app.register_blueprint(blueprint)
