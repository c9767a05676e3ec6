"""PURE: one list of papers for several services: every paper once, in its most demanding form."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from catalog.guide import ChecklistItem, Material


@dataclass(frozen=True, slots=True)
class Reason:
    """A service (by its place in the visit) that needs a paper, and why; empty without a guide."""

    service: int
    why_zh: str
    why_en: str


@dataclass(frozen=True, slots=True)
class MergedItem:
    """A paper of a visit of several services."""

    material: Material
    reasons: tuple[Reason, ...]


def merge(lists: Sequence[Iterable[ChecklistItem]]) -> tuple[MergedItem, ...]:
    """The checklists of the services, in their order, as one; papers that several need come first.

    Papers are the same where citizens read the same name.
    """
    found: dict[str, MergedItem] = {}
    for service, items in enumerate(lists):
        for item in items:
            reason = Reason(service, item.why_zh, item.why_en)
            known = found.get(item.material.name_zh)
            found[item.material.name_zh] = (
                MergedItem(item.material, (reason,))
                if known is None
                else MergedItem(strictest(known.material, item.material), (*known.reasons, reason))
            )
    return tuple(sorted(found.values(), key=lambda item: -len({each.service for each in item.reasons})))


def strictest(one: Material, other: Material) -> Material:
    """What every service accepts: nobody is sent home by a window for a paper that another one waives."""
    return replace(
        one,
        copies=max(one.copies, other.copies),
        original=one.original or other.original,
        waivable=one.waivable and other.waivable,
        deferrable=one.deferrable and other.deferrable,
        licence=one.licence if one.licence == other.licence else "",
    )
