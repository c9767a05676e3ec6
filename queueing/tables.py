"""All tables that people edit in spreadsheets, and which of them a person may see."""

from collections.abc import Mapping

from booking.rule_table import RULES as BOOKING_RULES
from booking.tables import KINDS as OF_BOOKING
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.tables import Kind
from queueing import rule_table

_BEFORE = next(at for at, kind in enumerate(OF_BOOKING) if kind.sheet.code == BOOKING_RULES.code) + 1
_ALL = (*OF_BOOKING[:_BEFORE], rule_table.KIND, *OF_BOOKING[_BEFORE:])
KINDS: Mapping[str, Kind] = {kind.sheet.code: kind for kind in _ALL}


class TableUnknown(NotFound):
    """There is no table of this name, or not for this person."""

    code = "table_unknown"
    zh = "没有这种表格，请从列表中选择。"
    en = "There is no such table. Please choose one from the list."


def kinds_for(actor: Actor) -> list[Kind]:
    """The tables that this person may see and change."""
    return [kind for kind in _ALL if actor.may(kind.need) and (actor.everywhere or not kind.city_wide)]


def get_kind(code: str, actor: Actor) -> Kind:
    """The table of this name; raises TableUnknown."""
    kind = next((kind for kind in kinds_for(actor) if kind.sheet.code == code), None)
    if kind is None:
        raise TableUnknown
    return kind
