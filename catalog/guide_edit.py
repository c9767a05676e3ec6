"""PURE: changing a guide's tree part by part; the tree may have mistakes meanwhile, publishing it may not.

Every function takes a tree in the shape of a service file's `guide` and returns a new one. Codes that people
leave empty are made up; a code that is changed is changed wherever it is named.
"""

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from itertools import count
from typing import Any

from kernel.data_file import CODE
from kernel.errors import Conflict, Invalid, NotFound

Tree = dict[str, Any]
_LONGEST = 48


class GuidePartUnknown(NotFound):
    """The draft has no such question or situation any more."""

    code = "guide_part_unknown"
    zh = "草稿里没有这一项，可能刚被删除。请回到指引页面查看。"
    en = "The draft has no such part; it may just have been removed. Please go back to the guide."


class GuideCodeTaken(Conflict):
    """Two parts of a kind would share a code."""

    code = "guide_code_taken"
    zh = "代码“{taken}”已被使用，请换一个，或留空由系统生成。"
    en = "The code “{taken}” is in use. Please choose another, or leave it empty."


class GuideCodeMalformed(Invalid):
    """A code travels in addresses: letters, digits and hyphens."""

    code = "guide_code_malformed"
    zh = "代码只能用字母、数字和横线，也可以留空由系统生成：{given}"
    en = "A code has letters, digits and hyphens only, or is left empty: {given}"


def blank() -> Tree:
    """A guide without anything."""
    return {"start": "", "questions": [], "situations": []}


def get_part(tree: Tree, kind: str, code: str) -> dict[str, Any]:
    """The question or situation (`kind` is `questions` or `situations`); raises GuidePartUnknown."""
    part = next((part for part in tree[kind] if part.get("code") == code), None)
    if part is None:
        raise GuidePartUnknown
    found: dict[str, Any] = part
    return found


def put_question(tree: Tree, code: str | None, values: Mapping[str, Any]) -> Tree:
    """Add a question (`code` None) or replace one.

    Each option of `values` may say in `was` which code it had; the answers that situations name follow it.

    Raises:
        GuidePartUnknown, GuideCodeTaken
    """
    made = deepcopy(tree)
    options = [dict(option) for option in values["options"]]
    renamed = _name_options(options)
    part = {**{key: value for key, value in values.items() if value != ""}, "options": options}
    _put(made, "questions", code, part, prefix="q")
    if code is not None:
        _rename_question(made, code, part["code"])
        _rename_options(made, part["code"], renamed, {option["code"] for option in options})
    made["start"] = made.get("start") or part["code"]
    return made


def put_situation(tree: Tree, code: str | None, values: Mapping[str, Any]) -> Tree:
    """Add a situation (`code` None) or replace one; raises GuidePartUnknown, GuideCodeTaken."""
    made = deepcopy(tree)
    part = {key: value for key, value in values.items() if value not in ("", None)}
    _put(made, "situations", code, part, prefix="s")
    return made


def remove(tree: Tree, kind: str, code: str) -> Tree:
    """Without this question or situation. What pointed at it still does: publishing names the place."""
    made = deepcopy(tree)
    made[kind].remove(get_part(made, kind, code))
    return made


def move(tree: Tree, kind: str, code: str, by: int) -> Tree:
    """The question or situation `by` places further down (negative: up)."""
    made = deepcopy(tree)
    parts: list[dict[str, Any]] = made[kind]
    part = get_part(made, kind, code)
    at = parts.index(part)
    parts.remove(part)
    parts.insert(max(0, at + by), part)
    return made


def start_with(tree: Tree, code: str) -> Tree:
    """Ask this question first; raises GuidePartUnknown."""
    get_part(tree, "questions", code)
    return {**deepcopy(tree), "start": code}


def free_code(prefix: str, taken: Collection[str]) -> str:
    """`q1`, `q2`…: the first that is not taken."""
    return next(code for at in count(1) if (code := f"{prefix}{at}") not in taken)


def _put(tree: Tree, kind: str, code: str | None, part: dict[str, Any], *, prefix: str) -> None:
    parts: list[dict[str, Any]] = tree[kind]
    others = {str(each["code"]) for each in parts if each["code"] != code}
    part["code"] = part.get("code") or free_code(prefix, others | {code or ""})
    _ensure_code(part["code"])
    if part["code"] in others:
        raise GuideCodeTaken(taken=part["code"])
    if code is None:
        parts.append(part)
    else:
        parts[parts.index(get_part(tree, kind, code))] = part


def _name_options(options: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Give every option a code and drop empty links; old code → new code of those that had one."""
    renamed = {}
    taken = [str(option.get("code", "")) for option in options]
    for option in options:
        was = option.pop("was", "")
        option["code"] = option.get("code") or free_code("o", taken)
        _ensure_code(option["code"])
        taken.append(option["code"])
        if was:
            renamed[was] = option["code"]
        if not option.get("next"):
            option.pop("next", None)
    doubled = next((code for code in taken if sum(o["code"] == code for o in options) > 1), None)
    if doubled:
        raise GuideCodeTaken(taken=doubled)
    return renamed


def _ensure_code(code: str) -> None:
    if CODE.fullmatch(code) is None or len(code) > _LONGEST:
        raise GuideCodeMalformed(given=code)


def _rename_question(tree: Tree, old: str, new: str) -> None:
    if old == new:
        return
    if tree.get("start") == old:
        tree["start"] = new
    for question in tree["questions"]:
        for option in question.get("options", ()):
            if option.get("next") == old:
                option["next"] = new
    for situation in tree["situations"]:
        when = situation.get("when", {})
        if old in when:
            situation["when"] = {new if code == old else code: values for code, values in when.items()}


def _rename_options(tree: Tree, question: str, renamed: Mapping[str, str], kept: Collection[str]) -> None:
    """Situations follow renamed options and forget removed ones; without any left, the question is moot."""
    for situation in tree["situations"]:
        when = situation.get("when", {})
        if question in when:
            options = [renamed.get(code, code) for code in when[question]]
            when[question] = [code for code in options if code in kept]
            if not when[question]:
                del when[question]
