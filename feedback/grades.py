"""PURE: the five national grades of 好差评, and what counts as bad; reasons and extensions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

GRADES: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        5: ("非常满意", "Very satisfied"),
        4: ("满意", "Satisfied"),
        3: ("基本满意", "Fairly satisfied"),
        2: ("不满意", "Dissatisfied"),
        1: ("非常不满意", "Very dissatisfied"),
    }
)
WORST_GOOD = 3

#: A survey can be answered for so long (business time); an SMS digit too.
ANSWERABLE = timedelta(days=7)

#: Why, for a bad grade: stable codes with their words.
REASONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "waited_long": ("等候时间长", "Long wait"),
        "attitude": ("服务态度不好", "Unfriendly"),
        "skill": ("业务不熟练", "Not competent"),
        "papers": ("材料要求说不清", "Unclear about papers"),
        "sent_away": ("来回跑了几次", "Sent away and back"),
        "place": ("大厅环境不便", "Inconvenient hall"),
        "other": ("其他", "Other"),
    }
)
#: Why an answer takes longer.
EXTENSIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "complex": ("情况复杂，需要多方核实", "Several sides must be heard"),
        "other_office": ("需要其他部门答复", "Another office must answer first"),
        "owner_asked": ("本人要求晚些答复", "Its owner asked for a later answer"),
    }
)


def is_bad(grade: int) -> bool:
    """Whether a grade (1 to 5) opens a follow-up case."""
    return grade < WORST_GOOD
