"""PURE: a guide as a file that people download, edit and send back: JSON, or the TOML of a city's files."""

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from catalog.guide_edit import Tree, blank
from kernel.data_file import CODE
from kernel.errors import Invalid

MOST_BYTES = 200_000
_LISTS = {"questions": "options", "situations": "materials"}


class GuideFileUnreadable(Invalid):
    """The file is neither JSON nor TOML, or not in the shape of a guide; `where` says from where on."""

    code = "guide_file_unreadable"
    zh = "无法读取这个文件（{where}）。请用从这里下载的 JSON，或城市数据里的 TOML，不超过 200 KB。"
    en = (
        "This file cannot be read ({where}). Please send the JSON that is downloaded here, or the TOML of a "
        "city's files, of at most 200 KB."
    )


def write_guide(tree: Tree) -> str:
    """The guide as JSON, one line a fact."""
    return json.dumps({"guide": {**blank(), **tree}}, ensure_ascii=False, indent=2) + "\n"


def read_guide(data: bytes) -> Tree:
    """The tree of a file, mistakes and all, but in a shape that pages can show; raises GuideFileUnreadable.

    What stands around `guide` (a whole service's file) is left out.
    """
    if len(data) > MOST_BYTES:
        raise GuideFileUnreadable(where=f"{len(data) // 1000} KB")
    try:
        text = data.decode("utf-8-sig")
        found = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise GuideFileUnreadable(where=str(error)[:120]) from error
    tree = found.get("guide", found)
    if not isinstance(tree, dict):
        raise GuideFileUnreadable(where="guide")
    if "questions" not in tree:
        raise GuideFileUnreadable(where="questions")  # nothing at all must not replace the draft
    _check_shape(tree)
    plain: Tree = _plain({**blank(), **tree})
    return plain


def _check_shape(tree: Mapping[str, Any]) -> None:
    """Rows are tables with a code, and what pages go through is what they expect."""
    if not isinstance(tree.get("start", ""), str):
        raise GuideFileUnreadable(where="start")
    for kind, inner in _LISTS.items():
        for at, row in enumerate(_rows(tree, kind, kind), 1):
            place = f"{kind}[{at}]"
            for nth, part in enumerate(_rows(row, inner, f"{place}.{inner}"), 1):
                _check_code(part, f"{place}.{inner}[{nth}]")
            _check_code(row, place)
            when = row.get("when", {})
            if not isinstance(when, dict) or not all(_are_texts(each) for each in when.values()):
                raise GuideFileUnreadable(where=f"{place}.when")
            for name in ("synonyms", "lacks"):
                if not _are_texts(row.get(name, [])):
                    raise GuideFileUnreadable(where=f"{place}.{name}")


def _rows(table: Mapping[str, Any], name: str, where: str) -> list[dict[str, Any]]:
    rows = table.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise GuideFileUnreadable(where=where)
    return rows


def _check_code(row: Mapping[str, Any], where: str) -> None:
    code = row.get("code")
    if not isinstance(code, str) or CODE.fullmatch(code) is None:
        raise GuideFileUnreadable(where=f"{where}.code")
    for name, value in row.items():
        if name.endswith(("_zh", "_en")) and not isinstance(value, str):
            raise GuideFileUnreadable(where=f"{where}.{name}")


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _plain(value: Any) -> Any:
    """As JSONB can hold it: TOML has dates, and no text may hold a zero byte."""
    if isinstance(value, dict):
        return {str(name).replace("\0", ""): _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, str):
        return value.replace("\0", "")
    return value if value is None or isinstance(value, bool | int | float) else str(value)
