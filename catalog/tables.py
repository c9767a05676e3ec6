"""Services, materials and synonyms as tables: what a spreadsheet shows, and what it may change."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog import edit
from catalog.history import service_content
from catalog.models import Guide, SearchSynonym, Service
from catalog.queries import list_all_services
from catalog.service_file import FIRST_MATERIAL, ServiceFile, service_from_data
from catalog.synonym_file import SynonymFileInvalid, synonyms_from_lines
from catalog.words import NAMES
from kernel.actor import Actor
from kernel.data_file import DataFileInvalid
from kernel.tables import Column, Kind, Line, Mistakes, Row, Sheet


def _column(name: str, kind: str = "text", **facts: Any) -> Column:
    return Column(name, *NAMES[facts.pop("called", name)], kind=kind, **facts)


SERVICES = Sheet(
    "services",
    "事项",
    "Services",
    (
        _column("code", "code", needed=True),
        _column("name_zh", needed=True),
        _column("name_en", needed=True),
        _column("group", "code", needed=True),
        _column("minutes", "whole", needed=True),
        _column("fee_fen", "yuan", called="fee_yuan"),
        _column("summary_zh"),
        _column("summary_en"),
        _column("fee_note_zh"),
        _column("fee_note_en"),
        _column("handling_zh"),
        _column("handling_en"),
        _column("ways", "list"),
        _column("pay", "list"),
        _column("online_url"),
        _column("online_note_zh"),
        _column("online_note_en"),
        _column("machine_zh", optional=True),
        _column("machine_en", optional=True),
        _column("by_post", "flag"),
        _column("keywords", "list"),
        _column("position", "whole"),
        _column("active", "flag"),
    ),
    key=("code",),
)
MATERIALS = Sheet(
    "materials",
    "材料",
    "Materials",
    (
        _column("service", "code", needed=True),
        _column("code", "code", needed=True),
        _column("name_zh", needed=True),
        _column("name_en", needed=True),
        _column("copies", "whole"),
        _column("original", "flag"),
        _column("waivable", "flag"),
        _column("deferrable", "flag"),
        _column("note_zh"),
        _column("note_en"),
        _column("picture"),
        _column("picture_zh", optional=True),
        _column("picture_en", optional=True),
        _column("licence", optional=True),
    ),
    key=("service", "code"),
    whole=("service",),
    in_order=("service",),
)
SYNONYMS = Sheet(
    "synonyms",
    "同义词",
    "Synonyms",
    (_column("words", "list", needed=True),),
    key=("words",),
    whole=(),
)
_UNKNOWN = {"zh": "没有这个事项", "en": "no such service"}


def read_services(session: Session, _actor: Actor) -> list[Row]:
    """All services, also those out of use."""
    return [
        {**service_content(row), "code": row.code, "active": row.active} for row in list_all_services(session)
    ]


def write_services(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, now: datetime
) -> None:
    """Make and change services; materials and guides stay as they are."""
    known = {row.code: row for row in list_all_services(session)}
    files = []
    for line in lines:
        facts = {name: value for name, value in line.row.items() if name not in {"code", "active"}}
        facts["position"] = facts["position"] or 0
        row = known.get(line.row["code"])
        before = _data(session, row) if row else {"materials": [FIRST_MATERIAL]}
        file = _checked({**before, **facts}, line.row["code"], mistakes, lines=[line])
        if file is not None:
            files.append(file)
    mistakes.stop_if_any()
    saved = {row.code: row for row in edit.save_services(session, files, actor=actor, now=now)}
    for line in lines:
        service = saved[line.row["code"]]
        edit.set_active(session, service, active=line.row["active"], actor=actor, now=now)


def read_materials(session: Session, _actor: Actor) -> list[Row]:
    """The materials of all services, in their order."""
    return [
        {"service": row.code, **material} for row in list_all_services(session) for material in row.materials
    ]


def write_materials(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, now: datetime
) -> None:
    """Write the materials of every service that the table names, in the table's order."""
    known = {row.code: row for row in list_all_services(session)}
    by_service: dict[str, list[Line]] = {}
    for line in lines:
        if line.row["service"] not in known:
            mistakes.add(line.number, "service", **_UNKNOWN)
        by_service.setdefault(line.row["service"], []).append(line)
    mistakes.stop_if_any()
    files = []
    for code, rows in by_service.items():
        materials = [{name: value for name, value in line.row.items() if name != "service"} for line in rows]
        for material in materials:
            material["copies"] = material["copies"] or 0
        data = {**_data(session, known[code]), "materials": _with_rest(known[code], materials)}
        file = _checked(data, code, mistakes, lines=rows)
        if file is not None:
            files.append(file)
    mistakes.stop_if_any()
    edit.save_services(session, files, actor=actor, now=now)


def read_synonyms(session: Session, _actor: Actor) -> list[Row]:
    """All groups of words."""
    rows = session.scalars(select(SearchSynonym.words).order_by(SearchSynonym.id))
    return [{"words": words} for words in rows]


def write_synonyms(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, now: datetime
) -> None:
    """Make these the groups of words, and no others."""
    try:
        groups = synonyms_from_lines((str(line.number), line.row["words"]) for line in lines)
    except SynonymFileInvalid as error:
        for problem in error.problems:
            mistakes.add(int(problem.file), "words", zh=problem.zh, en=problem.en)
        mistakes.stop_if_any()
        raise
    edit.save_synonyms(session, groups, actor=actor, now=now)


KINDS = (
    Kind(SERVICES, "catalog.edit", read_services, write_services),
    Kind(MATERIALS, "catalog.edit", read_materials, write_materials),
    Kind(SYNONYMS, "catalog.edit", read_synonyms, write_synonyms),
)


def _data(session: Session, service: Service) -> dict[str, Any]:
    """The service as its file says it, with its guide."""
    guide = session.get(Guide, service.id)
    return service_content(service) | ({"guide": guide.tree} if guide is not None else {})


def _with_rest(service: Service, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Materials keep what a table does not show."""
    known = {material["code"]: material for material in service.materials}
    return [{**known.get(row["code"], {}), **row} for row in rows]


def _checked(
    data: dict[str, Any], code: str, mistakes: Mistakes, *, lines: Sequence[Line]
) -> ServiceFile | None:
    """The service, or None with its mistakes noted at the line that each belongs to."""
    try:
        return service_from_data(data, code=code)
    except DataFileInvalid as error:
        for problem in error.problems:
            part, _dot, name = problem.key.rpartition(".")
            at = int(part[10:-1]) - 1 if part.startswith("materials[") else 0
            line = lines[at] if at < len(lines) else lines[0]
            where = "" if part.startswith("guide") else name
            place = f"{problem.key}：" if not where else ""
            mistakes.add(line.number, where, zh=f"{place}{problem.zh}", en=f"{place}{problem.en}")
        return None
