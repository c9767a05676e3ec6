"""Fields of requests: as strict as their JSON schema says, so that the document never promises wrongly."""

import inspect
import re
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
CODE = r"[A-Za-z0-9][A-Za-z0-9_-]{0,47}"
QUESTION = rf"(?:{CODE}\.)?{CODE}"
LABEL = r"[A-Z][0-9]{3,4}"
REFERENCE = r"[A-Za-z0-9_-]{16,64}"
CLOCK_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
EXAMPLE_REFERENCE = "q0J3hK2mSxW8nR5tYb1cDA"


class _Described(Schema):
    """Its docstring is its description in the OpenAPI document."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        meta: Any = type("Meta", (cls.Meta,), {"description": inspect.getdoc(cls)})
        cls.Meta = meta  # type: ignore[misc]  # marshmallow reads it as an attribute


class Asked(_Described):
    """What a client sends: an unknown key is a typing error, and is told."""

    class Meta:
        """Said aloud, so that the document says `additionalProperties: false`."""

        unknown = "raise"


class Told(_Described):
    """What we answer."""


class Text(fields.String):
    """Text of at most `most` characters; not blank when `least` is 1."""

    def __init__(self, most: int, *, least: int = 0, **options: Any) -> None:
        rules: list[Any] = [validate.Length(min=least or None, max=most)]
        if least:
            # The class is written without \S, which other regex dialects read differently.
            rules.append(validate.Regexp(r"^[\s\S]*[^\s]", error="Must not be blank."))
        super().__init__(validate=rules, **options)


class Matching(fields.String):
    """Text that a pattern matches wholly."""

    def __init__(self, pattern: str, **options: Any) -> None:
        options["metadata"] = {"pattern": f"^(?:{pattern})$", **options.get("metadata", {})}
        rule = validate.Regexp(f"(?:{pattern})\\Z", error="Has a wrong form.")
        super().__init__(validate=rule, **options)


class Code(Matching):
    """The code of a hall, a service, a group: letters, digits, - and _."""

    def __init__(self, **options: Any) -> None:
        super().__init__(CODE, **options)


class Reference(Matching):
    """A public reference or a token: 16 to 64 URL-safe characters."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("metadata", {"example": EXAMPLE_REFERENCE})
        super().__init__(REFERENCE, **options)


class Answers(fields.Dict):
    """A guide's answers, question → option; few enough to be a person's.

    Where a visit has several services, `service.question` says whose question it is.
    """

    def __init__(self, most: int = 50, **options: Any) -> None:
        def check(value: dict[str, str]) -> None:
            if len(value) > most:
                raise ValidationError(f"Has more than {most} answers.")

        metadata = {
            "description": "Question (or service.question) → option. 问题（或 事项.问题）→ 选项。",
            "example": {"reason": "lost"},
            "maxProperties": most,
        }
        super().__init__(
            keys=Matching(QUESTION),
            values=Code(),
            load_default=dict,
            validate=check,
            metadata=metadata,
            **options,
        )


class Choice(fields.String):
    """One of a few words."""

    def __init__(self, words: Any, **options: Any) -> None:
        super().__init__(validate=validate.OneOf(list(words)), **options)


class Whole(fields.Integer):
    """A whole number in [least, most]; 5.0 is one in JSON, "5" is not (but in a query it is)."""

    def __init__(self, least: int, most: int, *, in_query: bool = False, **options: Any) -> None:
        super().__init__(validate=validate.Range(min=least, max=most), **options)
        self.in_query = in_query

    def _validated(self, value: Any) -> int:
        fits = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if self.in_query:
            fits = isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value) is not None
        if not fits:
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class Amount(fields.Float):
    """A number in [least, most]."""

    def __init__(self, least: float, most: float, **options: Any) -> None:
        super().__init__(validate=validate.Range(min=least, max=most), **options)

    def _validated(self, value: Any) -> float:
        if not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class Flag(fields.Boolean):
    """`true` or `false` and nothing that looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        del attr, data, options
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Moment(fields.AwareDateTime):
    """An instant with its offset (RFC 3339), within this century."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("metadata", {"example": "2026-03-03T02:00:00+00:00"})
        super().__init__(
            format="iso", validate=validate.Range(min=EARLIEST, max=LATEST, error="Out of range."), **options
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> datetime:
        try:
            return super()._deserialize(value, attr, data, **options)
        except OverflowError as error:
            raise self.make_error("invalid", input=value, obj_type="datetime") from error


class Day(fields.Date):
    """A date within this century, 2026-03-03."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("metadata", {"example": "2026-03-03"})
        super().__init__(
            format="%Y-%m-%d",
            validate=validate.Range(
                min=date(EARLIEST.year, 1, 1), max=date(LATEST.year, 1, 1), error="Out of range."
            ),
            **options,
        )


class At(fields.DateTime):
    """An instant that we tell, in UTC."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **options: Any) -> Any:
        aware = value.astimezone(UTC) if isinstance(value, datetime) else value
        return super()._serialize(aware, attr, obj, **options)


def some(kind: type[fields.Field[Any]] = fields.String, *arguments: Any, **options: Any) -> Any:
    """A field of an answer that is always there; `allow_none=True` where it may be null."""
    return kind(*arguments, required=True, **options)
