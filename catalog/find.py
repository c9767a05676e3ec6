"""Find services by citizens' own words, over the catalogue as it stands."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.models import Guide, Service
from catalog.queries import list_services
from catalog.search import SearchEntry, SearchIndex, build_index, search


@dataclass(frozen=True, slots=True)
class Found:
    """A service, and the situation of it that the words pointed at (both texts empty when none)."""

    service: Service
    situation: str | None
    situation_zh: str
    situation_en: str


def find_services(session: Session, query: str, *, limit: int = 8) -> list[Found]:
    """The services that fit `query` best, best first; empty when nothing comes near."""
    services = {service.code: service for service in list_services(session)}
    entries = tuple(_entries(session, services))
    names = {(entry.service, entry.situation): (entry.name_zh, entry.name_en) for entry in entries}
    found = []
    for hit in search(_index(entries), query, limit=limit):
        zh, en = names[hit.service, hit.situation] if hit.situation else ("", "")
        found.append(Found(services[hit.service], hit.situation, zh, en))
    return found


@lru_cache(maxsize=4)
def _index(entries: tuple[SearchEntry, ...]) -> SearchIndex:
    """Spelling a whole catalogue in pinyin takes long; it is done again when the catalogue has changed."""
    return build_index(entries)


def _entries(session: Session, services: dict[str, Service]) -> list[SearchEntry]:
    trees: dict[int, dict[str, Any]] = {
        row.service_id: row.tree for row in session.execute(select(Guide.service_id, Guide.tree))
    }
    entries = []
    for service in services.values():
        words = tuple(str(word) for word in service.keywords)
        entries.append(SearchEntry(service.code, None, service.name_zh, service.name_en, words))
        entries += [
            SearchEntry(
                service.code,
                situation["code"],
                situation["name_zh"],
                situation.get("name_en", ""),
                tuple(situation.get("synonyms", ())),
            )
            for situation in trees.get(service.id, {}).get("situations", ())
        ]
    return entries
