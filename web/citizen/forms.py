"""Shapes of what citizens fill in: marshmallow checks them, errors are sentences in the reader's language."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates, validates_schema

from halls.models import Hall
from kernel.errors import Invalid
from people.identity import NAMES_EN, NAMES_ZH, IdentityKind, check
from people.names import check_name
from web import edge

LONGEST = 200
KINDS = tuple(kind.value for kind in IdentityKind)


def typed(form: Mapping[str, str], *names: str) -> dict[str, str]:
    """The named fields as typed, trimmed and cut to a sane length; missing ones are empty."""
    return {name: form.get(name, "").strip()[:LONGEST].replace("\0", "") for name in names}


def kind_options() -> list[tuple[str, str]]:
    """Kinds of documents for a list, the resident card first."""
    names = NAMES_EN if edge.language() == "en" else NAMES_ZH
    return [(kind.value, names[kind]) for kind in IdentityKind]


def person_labels() -> dict[str, str]:
    """What the fields of `PersonForm` are called, where a page says that one of them is wrong."""
    return {"name": _("姓名"), "kind": _("证件类型"), "number": _("证件号码")}


def kind_name(kind: str) -> str:
    """A kind of document in the reader's language; empty for an unknown one."""
    return dict(kind_options()).get(kind, "")


class PersonForm(Schema):
    """Who somebody is, and that they agree; documents are judged by the day of the hall, else of the city."""

    class Meta:
        """Buttons and tokens travel in the same form."""

        unknown = EXCLUDE

    def __init__(self, hall: Hall | None = None) -> None:
        super().__init__()
        self._zone = hall.time_zone if hall else edge.CITY_ZONE

    name = fields.String(load_default="")
    kind = fields.String(load_default="")
    number = fields.String(load_default="")
    agree = fields.String(load_default="")

    def _ask_to_agree(self) -> str:
        return str(_("请勾选同意，我们才能为您预约。"))

    @validates("name")
    def _name(self, value: str, data_key: str) -> None:
        del data_key
        try:
            check_name(value)
        except Invalid as error:
            raise ValidationError(error.sentence(edge.language())) from error

    @validates("agree")
    def _agree(self, value: str, data_key: str) -> None:
        del data_key
        if value != "1":
            raise ValidationError(self._ask_to_agree())

    @validates_schema(skip_on_field_errors=False)
    def _document(self, data: Mapping[str, Any], **_kwargs: object) -> None:
        if not data.get("number"):
            raise ValidationError(_("请填写证件号码。"), "number")
        today = edge.today(self._zone)
        try:
            check(data.get("kind", ""), data["number"], today=today)
        except Invalid as error:
            at_fault = "kind" if error.code == "identity_kind_unknown" else "number"
            raise ValidationError(error.sentence(edge.language()), at_fault) from error


class KeptPersonForm(PersonForm):
    """Somebody to be kept without a booking: judged as who is booked for, and agreed to for another end."""

    def _ask_to_agree(self) -> str:
        return str(_("请勾选同意，我们才能保存。"))


def errors_of(schema: Schema, data: Mapping[str, Any]) -> dict[str, str]:
    """Field → what is wrong with it, in the order of the schema; empty when all is well."""
    found = schema.validate(dict(data))
    first = {name: found[name][0] for name in schema.fields if name in found}
    return {name: str(text) for name, text in first.items()}
