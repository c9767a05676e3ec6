"""PURE: telephone numbers as people type them, kept in one form (E.164).

Without a country prefix a number is a mainland mobile: text messages reach nothing else. A foreign
number begins with + (or 00, the international prefix dialled from the mainland).
"""

import re
import unicodedata

from kernel.errors import Invalid

_MAINLAND = re.compile(r"\+861[3-9][0-9]{9}")
_FOREIGN = re.compile(r"\+(?!86)[1-9][0-9]{7,14}")
_SEPARATORS = re.compile(r"[\s\-‐-―.()·]")
_LONGEST_INPUT = 40  # anything longer is not a telephone number, and need not be looked at


class PhoneMalformed(Invalid):
    """The text is no mainland mobile number and no international one. Never carries the text itself."""

    code = "phone_malformed"
    zh = "手机号码格式不正确。请输入 11 位手机号；境外号码请以 + 和国家（地区）代码开头。"
    en = "This is not a valid mobile number. Enter 11 digits, or + and the country code for one from abroad."


def normalise(text: str) -> str:
    """The number in E.164: full-width digits, separators, +86, 0086 and 86 are understood.

    Raises:
        PhoneMalformed: it is neither a mainland mobile nor a plausible international number.
    """
    if len(text) > _LONGEST_INPUT:
        raise PhoneMalformed
    number = _with_prefix(_bare(text))
    if _MAINLAND.fullmatch(number) or _FOREIGN.fullmatch(number):
        return number
    raise PhoneMalformed


def is_mainland(number: str) -> bool:
    """Whether an E.164 number is a mainland mobile: gateways and law treat it differently."""
    return _MAINLAND.fullmatch(number) is not None


def as_dialled(number: str) -> str:
    """An E.164 number as its owner types it: eleven digits in the mainland; any other text as it is."""
    return number.removeprefix("+86") if is_mainland(number) else number


def mask(number: str) -> str:
    """An E.164 number that its owner recognises and nobody else can call: 138****8000."""
    if is_mainland(number):
        return f"{number[3:6]}****{number[-4:]}"
    shown = 4 if len(number) > 11 else 2  # noqa: PLR2004 - a short number has less to show
    return f"{number[:3]}****{number[-shown:]}"


def _bare(text: str) -> str:
    """Without separators, and without the invisible marks that address books paste along."""
    folded = unicodedata.normalize("NFKC", text)
    visible = "".join(character for character in folded if unicodedata.category(character) != "Cf")
    return _SEPARATORS.sub("", visible)


def _with_prefix(bare: str) -> str:
    if bare.startswith("+"):
        return bare
    if bare.startswith("00"):
        return f"+{bare[2:]}"
    if bare.startswith("86") and len(bare) == len("8613800138000"):
        return f"+{bare}"
    return f"+86{bare}"
