"""All guides as one table: a line per question, answer, situation and paper, in the order of the guide.

A file says everything of each service that it names. Its guides are proved like drafts and published at once,
all or none; what is wrong is told by line and column. Drafts on the pages stay as they are.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.guide_drafts import problems_of, publish_guide
from catalog.guide_edit import Tree
from catalog.models import Guide, Service
from catalog.words import NAMES
from kernel.actor import Actor
from kernel.data_file import Problem
from kernel.tables import Column, Kind, Line, Mistakes, Row, Sheet

_LONG = 2_000
QUESTION, OPTION, SITUATION, MATERIAL = "question", "option", "situation", "material"
_PARTS = (QUESTION, OPTION, SITUATION, MATERIAL)
#: What the two texts of a part, and its two notes, are called in a guide.
_TEXTS = {QUESTION: "text", OPTION: "text", SITUATION: "name", MATERIAL: "why"}
_NOTES = {QUESTION: "help", SITUATION: "note"}
_INSIDE = {OPTION: "options", MATERIAL: "materials"}

GUIDES = Sheet(
    "guides",
    "办事指引",
    "Guides",
    (
        Column("service", "事项代码", "Service", kind="code", needed=True),
        Column("part", f"是什么（{'、'.join(_PARTS)}）", f"Part ({', '.join(_PARTS)})", needed=True, most=20),
        Column(
            "of",
            "属于（选项属于问题，材料属于情形）",
            "Of (an option's question, a material's situation)",
            kind="code",
        ),
        Column("code", *NAMES["code"], kind="code", needed=True),
        Column(
            "text_zh", "文字（材料：为什么要带）", "Text in Chinese (material: why)", needed=True, most=_LONG
        ),
        Column("text_en", "英文文字", "Text in English", needed=True, most=_LONG),
        Column("note_zh", "说明", "Note in Chinese", optional=True, most=_LONG),
        Column("note_en", "英文说明", "Note in English", optional=True, most=_LONG),
        Column("start", "从这里问起", "Asked first", kind="flag", optional=True),
        Column("next", "选了它接着问", "Next question", kind="code", optional=True),
        Column(
            "when",
            "适用的回答（问题=选项,选项；…）",
            "Answers (question=option,option; …)",
            optional=True,
            most=_LONG,
        ),
        Column("minutes", "办理分钟", "Minutes", kind="whole", optional=True),
        Column(
            "fee",
            "费用（元，空为同事项）",
            "Fee in yuan (empty: as the service)",
            kind="number",
            optional=True,
        ),
        Column("synonyms", "群众的说法", "People's words", kind="list", optional=True),
        Column("lacks", "拿不出的材料", "Papers that one lacks", kind="list", optional=True),
    ),
    key=("service", "part", "of", "code"),
    whole=("service",),
    in_order=("service", "part", "of"),
)


def read_guides(session: Session, _actor: Actor) -> list[Row]:
    """What citizens are asked now, of every service that has a guide."""
    found = session.execute(
        select(Service.code, Guide.tree)
        .join(Guide, Guide.service_id == Service.id)
        .order_by(Service.position, Service.code)
    )
    return [row for code, tree in found for row in rows_of(code, tree)]


def rows_of(service: str, tree: Tree) -> list[Row]:
    """The lines of one guide."""
    rows: list[Row] = []
    for question in tree["questions"]:
        first = question["code"] == tree["start"]
        rows.append(_row(service, QUESTION, question) | {"start": first})
        rows += [
            _row(service, OPTION, option, of=question["code"]) | {"next": option.get("next", "")}
            for option in question["options"]
        ]
    for situation in tree["situations"]:
        fee = situation.get("fee_fen")
        rows.append(
            _row(service, SITUATION, situation)
            | {
                "when": "；".join(f"{asked}={','.join(of)}" for asked, of in situation["when"].items()),
                "minutes": situation.get("minutes"),
                "fee": None if fee is None else fee / 100,
                "synonyms": list(situation.get("synonyms", ())),
                "lacks": list(situation.get("lacks", ())),
            }
        )
        rows += [_row(service, MATERIAL, need, of=situation["code"]) for need in situation["materials"]]
    return rows


def _row(service: str, part: str, said: dict[str, Any], *, of: str = "") -> Row:
    text, note = _TEXTS[part], _NOTES.get(part, "")
    return {
        "service": service,
        "part": part,
        "of": of,
        "code": said["code"],
        "text_zh": said[f"{text}_zh"],
        "text_en": said[f"{text}_en"],
        "note_zh": said.get(f"{note}_zh", ""),
        "note_en": said.get(f"{note}_en", ""),
        "start": False,
        "next": "",
        "when": "",
        "minutes": None,
        "fee": None,
        "synonyms": [],
        "lacks": [],
    }


def write_guides(
    session: Session, lines: Sequence[Line], mistakes: Mistakes, actor: Actor, now: datetime
) -> None:
    """Publish the guide of every service that the table names and changes."""
    named = {line.row["service"] for line in lines}
    found = session.scalars(select(Service).where(Service.code.in_(named)).order_by(Service.id))
    services = {service.code: service for service in found}
    for line in lines:
        if line.row["service"] not in services:
            mistakes.add(line.number, "service", zh="没有这个事项", en="no such service")
    mistakes.stop_if_any()
    trees = {}
    for code, service in services.items():
        own = [line for line in lines if line.row["service"] == code]
        before = len(mistakes.found)
        trees[code], places = _tree_of(own, mistakes)
        if len(mistakes.found) > before:
            continue  # what is missing for that would be complained of twice
        for problem in problems_of(service, trees[code]):
            _note(problem, places, own[0], mistakes)
    mistakes.stop_if_any()
    for code, service in services.items():
        guide = session.get(Guide, service.id)
        if guide is None or rows_of(code, guide.tree) != rows_of(code, trees[code]):
            publish_guide(session, service, trees[code], actor=actor, now=now)


def _tree_of(lines: Sequence[Line], mistakes: Mistakes) -> tuple[Tree, dict[str, Line]]:
    """The guide that the lines say, and the line of each of its places (`questions[2].options[1]`)."""
    tree: Tree = {"start": "", "questions": [], "situations": []}
    places: dict[str, Line] = {}
    inside: dict[tuple[str, str], tuple[str, list[dict[str, Any]]]] = {}
    for line in lines:
        part = line.row["part"]
        if part not in _PARTS:
            zh, en = f"应为 {'、'.join(_PARTS)} 之一", f"must be one of {', '.join(_PARTS)}"
            mistakes.add(line.number, "part", zh=zh, en=en)
        elif part in (QUESTION, SITUATION):
            into, within = tree[f"{part}s"], OPTION if part == QUESTION else MATERIAL
            said = _said(line, mistakes) | {_INSIDE[within]: []}
            into.append(said)
            place = f"{part}s[{len(into)}]"
            places[place] = line
            inside[within, said["code"]] = place, said[_INSIDE[within]]
            if part == QUESTION and line.row.get("start"):
                _start(tree, line, mistakes)
    for line in lines:
        part = line.row["part"]
        if part not in _INSIDE:
            continue
        if (part, line.row["of"]) not in inside:
            mistakes.add(
                line.number, "of", zh="本事项没有这个问题或情形", en="no such question or situation here"
            )
            continue
        place, rows = inside[part, line.row["of"]]
        rows.append(_said(line, mistakes))
        places[f"{place}.{_INSIDE[part]}[{len(rows)}]"] = line
    tree["start"] = tree["start"] or next((row["code"] for row in tree["questions"]), "")
    return tree, places


def _start(tree: Tree, line: Line, mistakes: Mistakes) -> None:
    if tree["start"]:
        mistakes.add(line.number, "start", zh="只能从一个问题问起", en="only one question is asked first")
    tree["start"] = line.row["code"]


def _said(line: Line, mistakes: Mistakes) -> dict[str, Any]:
    """A part as a guide keeps it: what is empty is left out."""
    row, part = line.row, line.row["part"]
    said = {"code": row["code"]}
    for language in ("zh", "en"):
        said[f"{_TEXTS[part]}_{language}"] = row[f"text_{language}"]
        if part in _NOTES and row.get(f"note_{language}"):
            said[f"{_NOTES[part]}_{language}"] = row[f"note_{language}"]
    if part == OPTION and row.get("next"):
        said["next"] = row["next"]
    if part == SITUATION:
        said["when"] = _when(line, mistakes)
        said |= {name: row[name] for name in ("synonyms", "lacks") if row.get(name)}
        if row.get("minutes") is not None:
            said["minutes"] = row["minutes"]
        if row.get("fee") is not None:
            said["fee_fen"] = round(row["fee"] * 100)
    return said


def _when(line: Line, mistakes: Mistakes) -> dict[str, list[str]]:
    """`where=home,hospital；card=lost` as a guide keeps it; empty: always."""
    when: dict[str, list[str]] = {}
    for piece in (line.row.get("when") or "").replace("；", ";").split(";"):
        asked, equals, options = piece.partition("=")
        if piece.strip() and not (asked.strip() and equals and options.strip()):
            zh, en = f"应为“问题=选项”，现为“{piece}”", f"must be “question=option”, not “{piece}”"
            mistakes.add(line.number, "when", zh=zh, en=en)
        elif piece.strip():
            found = options.replace("，", ",").replace("、", ",").split(",")
            when[asked.strip()] = [option.strip() for option in found if option.strip()]
    return when


def _note(problem: Problem, places: dict[str, Line], first: Line, mistakes: Mistakes) -> None:
    """A mistake of the guide at the line of the part that it is in."""
    place, _dot, name = problem.key.rpartition(".")
    while place and place not in places:
        place, _dot, name = place.rpartition(".")
    line = places.get(place) or places.get(problem.key) or first
    stem = name.partition("[")[0]
    for words, shown in ((_TEXTS, "text"), (_NOTES, "note")):
        if stem[:-3] in words.values():
            stem = shown + stem[-3:]
    known = {column.name for column in GUIDES.columns}
    column = {"fee_fen": "fee"}.get(stem, stem)
    mistakes.add(line.number, column if column in known else "", zh=problem.zh, en=problem.en)


KIND = Kind(GUIDES, "catalog.edit", read_guides, write_guides)
