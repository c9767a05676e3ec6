"""A blueprint whose operations document themselves: guard, refusals and addresses become OpenAPI.

A view says what it refuses with `@refuses(SlotFull, …)`; everything else (who may ask, what every body can
get wrong, unknown addresses) follows from its guard and its arguments.
"""

from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from http import HTTPStatus
from inspect import unwrap
from typing import Any, TypeVar

import flask_smorest
from werkzeug.routing import BaseConverter

from booking.errors import IdempotencyKeyReused, RequestInProgress
from kernel.db import DatabaseDown
from kernel.errors import DomainError, Forbidden, Unauthenticated
from web.api.fields import CODE, LABEL, REFERENCE
from web.api.once import IdempotencyKeyMalformed
from web.api.reading import BodyParser
from web.problems import HTTP_SENTENCES, status_of

View = TypeVar("View", bound=Callable[..., Any])
Refusal = tuple[str, str, str]  # code, Chinese, English

IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "Your own id of this request, up to 128 printable ASCII characters: the same key with the "
    "same body gets the first answer again for 24 hours. 同一标识、同一内容，24 小时内得到同一答复。",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}


class CodeConverter(BaseConverter):
    """The code of a hall or a service in an address."""

    regex = CODE


class LabelConverter(BaseConverter):
    """The number of today's ticket in an address."""

    regex = LABEL


class ReferenceConverter(BaseConverter):
    """A public reference or a token in an address."""

    regex = REFERENCE


def pattern_of(converter: BaseConverter) -> dict[str, Any]:
    """How the document describes such a part of an address."""
    return {"type": "string", "pattern": f"^{converter.regex}$"}


def refuses(*errors: type[DomainError]) -> Callable[[View], View]:
    """Say which rules may refuse this operation; the document lists them with their sentences."""

    def decorate(view: View) -> View:
        view.__refuses__ = errors  # type: ignore[attr-defined]  # read below
        return view

    return decorate


def idempotent(view: View) -> View:
    """Say that the operation reads the header `Idempotency-Key` (`web.api.once`), and may refuse it."""
    view.__idempotent__ = True  # type: ignore[attr-defined]  # read below
    return view


class Blueprint(flask_smorest.Blueprint):
    """Resources of the API."""

    ARGUMENTS_PARSER = BodyParser()

    def arguments(
        self, schema: Any, *, plain: Callable[[], Any] | None = None, **options: Any
    ) -> Callable[[View], View]:
        """As flask-smorest's. `plain` reads a plain request by hand, and leaves all others to the schema.

        Such a view answers with a whole response, which needs nothing of what is done around answers.
        """
        strictly: Callable[[Any], Any] = super().arguments(schema, **options)
        if plain is None:
            return strictly

        def decorate(view: Any) -> Any:
            judged, itself = strictly(view), unwrap(view)

            @wraps(judged)
            def read(*args: Any, **kwargs: Any) -> Any:
                found = plain()
                return judged(*args, **kwargs) if found is None else itself(*args, found, **kwargs)

            return read

        return decorate

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, *args: Any, **options: Any
    ) -> None:
        """Register the view and what can be known about it."""
        view_func._apidoc = _documented(view_func, rule)  # noqa: SLF001  # where flask-smorest keeps it
        super().add_url_rule(rule, endpoint, view_func, *args, **options)


def _documented(view: Any, rule: str) -> dict[str, Any]:
    known: dict[str, Any] = deepcopy(getattr(view, "_apidoc", {}))
    manual = known.setdefault("manual_doc", {})
    manual["operationId"] = _camel(view.__name__)
    responses = manual.setdefault("responses", {})
    for status, refusals in _refusals(view, rule, known).items():
        responses[status] = _response(status, refusals)
    guard = view.__guard__
    if guard.startswith("bearer:"):
        permission = guard.removeprefix("bearer:")
        manual["security"] = [{"bearer": []}]
        manual["x-permission"] = permission
    if getattr(view, "__idempotent__", False):
        manual["parameters"] = [IDEMPOTENCY_KEY]
    return known


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _refusals(view: Any, rule: str, known: dict[str, Any]) -> dict[int, list[Refusal]]:
    """Every way in which the operation can say no, by status."""
    locations = {each["in"] for each in known.get("arguments", {}).get("parameters", ())}
    errors = [*getattr(view, "__refuses__", ()), DatabaseDown]
    if getattr(view, "__idempotent__", False):
        errors += [IdempotencyKeyMalformed, IdempotencyKeyReused, RequestInProgress]
    if view.__guard__.startswith("bearer:"):
        errors += [Unauthenticated, Forbidden]
    plain = [404] if "<" in rule else []
    if locations:
        plain.append(422)
    if "json" in locations:
        plain += [400, 413, 415]
    found: dict[int, list[Refusal]] = {}
    for error in errors:
        found.setdefault(_status(error), []).append((error.code, error.zh, error.en))
    for status in plain:
        zh, en = HTTP_SENTENCES[status]
        found.setdefault(status, []).append((f"http_{status}", zh, en))
    return dict(sorted(found.items()))


def _status(error: type[DomainError]) -> int:
    return status_of(error.__new__(error))


def _response(status: int, refusals: list[Refusal]) -> dict[str, Any]:
    lines = "\n".join(f"- `{code}`" for code, _zh, _en in refusals)
    return {
        "description": f"{HTTPStatus(status).phrase}\n\n{lines}",
        "x-problem-codes": [{"code": code, "zh": zh, "en": en} for code, zh, en in refusals],
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
