"""PURE: people's names as they write them, in any script."""

import unicodedata

from kernel.errors import Invalid

MOST = 60
_BETWEEN = frozenset(" ·•.'’-,()（）")


class NameMissing(Invalid):
    """No name was given."""

    code = "name_missing"
    zh = "请填写姓名。"
    en = "Please enter your name."


class NameImpossible(Invalid):
    """Too long, or with characters that no identity document prints. Never carries the text itself."""

    code = "name_impossible"
    zh = "姓名只能填写文字，最多 60 个字，请按证件上的写法填写。"
    en = "A name has letters only, at most 60. Please write it as on the document."


def check_name(text: str) -> str:
    """The name, single spaces between its parts.

    Raises:
        NameMissing, NameImpossible
    """
    name = " ".join(unicodedata.normalize("NFC", text[: 4 * MOST]).split())
    if not name:
        raise NameMissing
    letters = [sign for sign in name if sign not in _BETWEEN]
    if not letters or len(name) > MOST or any(unicodedata.category(sign)[0] not in "LM" for sign in letters):
        raise NameImpossible
    return name


def mask(name: str) -> str:
    """A name on paper: its last character, enough to tell two people apart who stand in front of one."""
    return f"**{name[-1]}" if name else ""
