"""Reading request bodies: JSON and nothing else, small, and made of characters that can be stored."""

import json
import re
from typing import Any, NoReturn

from flask import Request
from marshmallow import RAISE, ValidationError
from webargs import core
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

_DEEPEST = 32
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class BodyParser(FlaskParser):
    """webargs with our refusals: 415 for another content type, 400 for what is not JSON, 422 for the rest."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012  # webargs' own form
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
    }

    def load_json(self, req: Request, schema: Any) -> Any:
        """The parsed body."""
        del schema
        body = req.get_data(cache=True)
        if not body:
            raise ValidationError("A JSON body is needed.")
        if not core.is_json(req.mimetype):
            raise UnsupportedMediaType
        try:
            data = json.loads(body, parse_constant=_no_number)
        except (
            ValueError,
            RecursionError,
        ) as error:  # also digits without end, also bytes that are not UTF-8
            refusal = BadRequest()
            refusal.data = {"messages": {"json": ["Is not JSON."]}}  # type: ignore[attr-defined]  # as webargs
            raise refusal from error
        _ensure_storable(data)
        return data

    def load_querystring(self, req: Request, schema: Any) -> Any:
        """The query; a character that cannot be stored is refused here as in a body."""
        for text in req.args.values():
            _ensure_storable(text)
        return super().load_querystring(req, schema)


def _no_number(name: str) -> NoReturn:
    """NaN and Infinity are Python's own; JSON has no such numbers."""
    raise ValueError(name)


def _ensure_storable(data: Any, depth: int = 0) -> None:
    """PostgreSQL keeps neither NUL nor half a surrogate pair; nothing that people write holds them."""
    if isinstance(data, str):
        if _UNSTORABLE.search(data):
            raise ValidationError("Contains a character that cannot be stored.")
    elif isinstance(data, list | dict):
        if depth >= _DEEPEST:
            raise ValidationError("Is nested too deeply.")
        for one in data if isinstance(data, list) else [*data, *data.values()]:
            _ensure_storable(one, depth + 1)
