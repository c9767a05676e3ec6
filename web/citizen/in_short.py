"""What to bring in one line per paper, for slips and calendars: the same that the checklist says."""

from collections.abc import Iterable

from flask_babel import gettext as _

from catalog.guide import Material
from people.licences import Held
from web import edge


def in_short(material: Material, held: Held) -> str:
    """A paper with its copies and whether it may stay at home; `held`: the licences on record."""
    name = edge.text(material, "name")
    if material.waivable and material.licence in held:
        return str(_("%(paper)s（免交，系统已有）", paper=name))
    told = [_("%(n)s 份复印件", n=material.copies)] if material.copies and not material.original else []
    if material.copies and material.original:
        told = [_("原件，加 %(n)s 份复印件", n=material.copies)]
    if material.waivable:
        told.append(_("如有电子证照可免交"))
    if material.deferrable:
        told.append(_("可以后补"))
    return str(_("%(paper)s（%(how)s）", paper=name, how=_("；").join(told))) if told else name


def all_in_short(materials: Iterable[Material], held: Held) -> list[str]:
    """Of several services, every paper once."""
    return list(dict.fromkeys(in_short(material, held) for material in materials))
