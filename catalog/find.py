"""Find services, situations and packages by citizens' own words, over the catalogue as it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from catalog.models import Guide, Package, SearchSynonym, Service
from catalog.queries import list_packages, list_services
from catalog.search import Hit, SearchEntry, SearchIndex, build_index, search
from catalog.spelling import Synonyms

_KEPT = 4
# Every version of a row has a place (ctid) and a writer (xmin) of its own: no edit leaves both alike.
_STATE = text(
    "SELECT md5(string_agg(version, ',' ORDER BY version)) FROM ("
    " SELECT concat('s', ctid, xmin) AS version FROM service"
    " UNION ALL SELECT concat('g', ctid, xmin) FROM guide"
    " UNION ALL SELECT concat('p', ctid, xmin) FROM package"
    " UNION ALL SELECT concat('w', ctid, xmin) FROM search_synonym) AS versions"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A service, and the situation of it that the words pointed at (both texts empty when none)."""

    service: Service
    situation: str | None
    situation_zh: str
    situation_en: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What can be found, as of one state of the catalogue; `names` are those of the situations."""

    state: str
    index: SearchIndex
    names: dict[tuple[str, str | None], tuple[str, str]]


def find_services(session: Session, query: str, *, limit: int = 8) -> list[Found]:
    """The services that fit `query` best, best first; empty when nothing comes near."""
    known = _known(session)
    return _services(session, known, search(known.index, query, limit=limit))


def find_all(session: Session, query: str, *, limit: int = 10) -> list[Found | Package]:
    """The services and packages (一件事) that fit `query` best, best first, in one list."""
    known = _known(session)
    hits = search(known.index, query, limit=limit, packages=True)
    codes = [hit.service for hit in hits if hit.package]
    rows = session.scalars(select(Package).where(Package.code.in_(codes))) if codes else ()
    packages = {package.code: package for package in rows}
    services = iter(_services(session, known, [hit for hit in hits if not hit.package]))
    return [packages[hit.service] if hit.package else next(services) for hit in hits]


def find_with_words(
    session: Session, query: str, groups: Sequence[Sequence[str]], *, limit: int = 8
) -> list[Found]:
    """What `find_services` would find if these were the words that mean the same."""
    known = _known(session)
    tried = _Known("", build_index(_entries(session), Synonyms(groups)), known.names)
    return _services(session, tried, search(tried.index, query, limit=limit))


def _services(session: Session, known: _Known, hits: Sequence[Hit]) -> list[Found]:
    rows = session.scalars(select(Service).where(Service.code.in_([hit.service for hit in hits])))
    services = {service.code: service for service in rows}
    return [_found(hit, services, known) for hit in hits]


def _found(hit: Hit, services: dict[str, Service], known: _Known) -> Found:
    zh, en = known.names[hit.service, hit.situation] if hit.situation else ("", "")
    return Found(services[hit.service], hit.situation, zh, en)


_kept: list[_Known] = []


def _known(session: Session) -> _Known:
    """The index of the catalogue as this session sees it.

    Spelling a whole catalogue in pinyin takes long; it is done again when a row has changed. The newest few
    are kept, for sessions that still see the state before.
    """
    state = f"{session.connection().engine.url} {session.scalar(_STATE)}"
    known = next((each for each in _kept if each.state == state), None)
    if known is None:
        entries = _entries(session)
        groups = session.scalars(select(SearchSynonym.words).order_by(SearchSynonym.id)).all()
        names = {
            (entry.service, entry.situation): (entry.name_zh, entry.name_en)
            for entry in entries
            if not entry.package
        }
        known = _Known(state, build_index(entries, Synonyms(groups)), names)
        _kept[:] = [known, *_kept[: _KEPT - 1]]
    return known


def _entries(session: Session) -> list[SearchEntry]:
    trees: dict[int, dict[str, Any]] = {
        row.service_id: row.tree for row in session.execute(select(Guide.service_id, Guide.tree))
    }
    entries = []
    for service in list_services(session):
        words = tuple(str(word) for word in service.keywords)
        about = (service.summary_zh, service.summary_en)
        entries.append(SearchEntry(service.code, None, service.name_zh, service.name_en, words, about))
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
    return entries + _packages(session)


def _packages(session: Session) -> list[SearchEntry]:
    return [
        SearchEntry(
            package.code,
            None,
            package.name_zh,
            package.name_en,
            tuple(package.keywords),
            (package.summary_zh, package.summary_en, package.elsewhere_zh, package.elsewhere_en),
            package=True,
        )
        for package in list_packages(session)
    ]
