"""Papers that the city's services ask for already, by name, so that forms offer them instead of codes."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.models import Service

#: Code → what it is called, in Chinese and in English.
Names = dict[str, tuple[str, str]]
#: A paper that so many services ask for is one that people know by its name alone.
_COMMON = 3


def licence_kinds(session: Session) -> Names:
    """Every kind of electronic licence that a material names, called as most of these materials are."""
    return _commonest(_materials(session), lambda each: each.get("licence", ""))


def papers_to_lack(session: Session, service: Service, named: Collection[str]) -> Names:
    """Papers that somebody may not have: the service's own, then those of many services, then all `named`."""
    every = list(_materials(session))
    many = Counter(each["code"] for each in every)
    own: Names = {each["code"]: _names(each) for each in service.materials}
    known = _commonest(every, lambda each: each["code"])
    shared = {code: names for code, names in known.items() if many[code] >= _COMMON or code in named}
    return own | {code: names for code, names in shared.items() if code not in own}


def _materials(session: Session) -> Iterable[Mapping[str, Any]]:
    rows = session.scalars(select(Service.materials).where(Service.active))
    return (each for materials in rows for each in materials)


def _commonest(materials: Iterable[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], str]) -> Names:
    """Key → the name that it goes by most often, the most frequent key first."""
    said: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for each in materials:
        if code := key(each):
            said[code][_names(each)] += 1
    by_use = sorted(said.items(), key=lambda item: (-item[1].total(), item[0]))
    return {code: max(names, key=lambda pair: (names[pair], pair)) for code, names in by_use}


def _names(material: Mapping[str, Any]) -> tuple[str, str]:
    return material["name_zh"], material.get("name_en") or material["name_zh"]
