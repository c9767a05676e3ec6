"""PURE: identity documents, their numbers and what a number itself tells.

Numbers of 18 characters follow GB 11643: six digits of place, the birth date, three of sequence (odd for
men) and a check character by MOD 11-2. Residents of Hong Kong, Macao and Taiwan carry the places 810000,
820000 and 830000; the permanent residence card of foreigners (2023) has 9, two digits of region and three
of country in that place. Everything else is checked by its format only. County codes are not looked up:
they are abolished and merged, and people keep theirs for life.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kernel.errors import Invalid


class IdentityKind(StrEnum):
    """What people show at the window; the value is stored and travels in the API."""

    RESIDENT_ID = "resident_id"
    HMT_RESIDENCE_PERMIT = "hmt_residence_permit"
    FOREIGN_PERMANENT_RESIDENT = "foreign_permanent_resident"
    PASSPORT_CN = "passport_cn"
    PASSPORT_FOREIGN = "passport_foreign"
    HOME_RETURN_PERMIT = "home_return_permit"
    TAIWAN_COMPATRIOT_PERMIT = "taiwan_compatriot_permit"
    HK_MACAO_TRAVEL_PERMIT = "hk_macao_travel_permit"
    TAIWAN_TRAVEL_PERMIT = "taiwan_travel_permit"


NAMES_ZH: dict[IdentityKind, str] = {
    IdentityKind.RESIDENT_ID: "居民身份证",
    IdentityKind.HMT_RESIDENCE_PERMIT: "港澳台居民居住证",
    IdentityKind.FOREIGN_PERMANENT_RESIDENT: "外国人永久居留身份证",
    IdentityKind.PASSPORT_CN: "中国护照",
    IdentityKind.PASSPORT_FOREIGN: "外国护照",
    IdentityKind.HOME_RETURN_PERMIT: "港澳居民来往内地通行证",
    IdentityKind.TAIWAN_COMPATRIOT_PERMIT: "台湾居民来往大陆通行证",
    IdentityKind.HK_MACAO_TRAVEL_PERMIT: "往来港澳通行证",
    IdentityKind.TAIWAN_TRAVEL_PERMIT: "往来台湾通行证",
}
NAMES_EN: dict[IdentityKind, str] = {
    IdentityKind.RESIDENT_ID: "Resident identity card",
    IdentityKind.HMT_RESIDENCE_PERMIT: "Residence permit for Hong Kong, Macao and Taiwan residents",
    IdentityKind.FOREIGN_PERMANENT_RESIDENT: "Foreign permanent resident ID card",
    IdentityKind.PASSPORT_CN: "Chinese passport",
    IdentityKind.PASSPORT_FOREIGN: "Foreign passport",
    IdentityKind.HOME_RETURN_PERMIT: "Mainland travel permit for Hong Kong and Macao residents",
    IdentityKind.TAIWAN_COMPATRIOT_PERMIT: "Mainland travel permit for Taiwan residents",
    IdentityKind.HK_MACAO_TRAVEL_PERMIT: "Exit-entry permit for travelling to Hong Kong and Macao",
    IdentityKind.TAIWAN_TRAVEL_PERMIT: "Exit-entry permit for travelling to Taiwan",
}


class Sex(StrEnum):
    """As the number tells it."""

    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True, slots=True)
class Identity:
    """A checked document. `doubtful` asks the officer to look twice; it never refuses anybody."""

    kind: IdentityKind
    number: str
    birth_on: date | None = None
    sex: Sex | None = None
    county: str | None = None
    doubtful: bool = False


class IdentityKindUnknown(Invalid):
    """No such kind of document here."""

    code = "identity_kind_unknown"
    zh = "不支持这种证件，请从列表中选择证件类型。"
    en = "This kind of document is not accepted. Please choose one from the list."


class IdentityMalformed(Invalid):
    """Length or characters do not fit the kind. The number itself is never carried along."""

    code = "identity_malformed"
    zh = "{kind_zh}号码格式不正确，请对照证件重新输入。"
    en = "This is not the format of a number for: {kind_en}. Please copy it from the document again."


class IdentityChecksumWrong(Invalid):
    """The check character does not fit the other seventeen: a slip of the finger."""

    code = "identity_checksum_wrong"
    zh = "证件号码校验不通过，很可能输错了一位，请对照证件逐位核对。"
    en = "The check character does not match; one digit is probably wrong. Please compare digit by digit."


class IdentityBirthImpossible(Invalid):
    """The birth date inside the number does not exist, lies ahead or too far back."""

    code = "identity_birth_impossible"
    zh = "证件号码中的出生日期不正确，请对照证件逐位核对。"
    en = "The birth date inside the number is not possible. Please compare digit by digit."


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_EIGHTEEN = re.compile(r"[1-9][0-9]{16}[0-9X]")
_EIGHTEEN_KINDS = frozenset(
    {
        IdentityKind.RESIDENT_ID,
        IdentityKind.HMT_RESIDENCE_PERMIT,
        IdentityKind.FOREIGN_PERMANENT_RESIDENT,
    }
)
_HMT_COUNTIES = frozenset({"810000", "820000", "830000"})
_HMT_PROVINCES = frozenset({"81", "82", "83"})
_PROVINCES = frozenset(
    str(code)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71))
    for code in range(first, last + 1)
)
_OLDEST_YEARS = 130
_LONGEST_INPUT = 60

_OLD_PERMANENT_RESIDENT = re.compile(r"[A-Z]{3}[0-9]{12}")
_FORMATS: dict[IdentityKind, re.Pattern[str]] = {
    # Ordinary E (also with a second letter), service and official kinds S, P and G, diplomatic D.
    IdentityKind.PASSPORT_CN: re.compile(r"[EGDSP][0-9A-Z][0-9]{7}"),
    IdentityKind.PASSPORT_FOREIGN: re.compile(r"[0-9A-Z]{5,17}"),
    # Two more digits count renewals; the person is in the first nine characters.
    IdentityKind.HOME_RETURN_PERMIT: re.compile(r"(?P<person>[HM][0-9]{8})(?:[0-9]{2})?"),
    IdentityKind.TAIWAN_COMPATRIOT_PERMIT: re.compile(r"[0-9]{8}"),
    IdentityKind.HK_MACAO_TRAVEL_PERMIT: re.compile(r"[CW][0-9A-Z][0-9]{7}"),
    IdentityKind.TAIWAN_TRAVEL_PERMIT: re.compile(r"[LT][0-9]{8}"),
}
_USUAL_FOREIGN_PASSPORT = re.compile(r"(?=.*[0-9])[0-9A-Z]{6,9}")  # at most nine by ICAO Doc 9303


def normalise(kind: str, text: str) -> str:
    """The number as stored: half-width, upper case, without spaces, hyphens and dots.

    In a number with a check character the multiplication sign stands for X: some keyboards offer it.
    """
    if text.isascii() and text.isalnum() and len(text) <= _LONGEST_INPUT:
        return text.upper()  # as nearly everybody types it
    folded = unicodedata.normalize("NFKC", text[:_LONGEST_INPUT]).upper()
    bare = "".join(
        c for c in folded if not c.isspace() and c not in "-‐‑–—.·" and unicodedata.category(c) != "Cf"
    )
    return bare.replace("×", "X") if kind in _EIGHTEEN_KINDS else bare


def check(kind: str, text: str, *, today: date) -> Identity:
    """The identity that a number of this kind states.

    An 18-character number says itself which card it is on, so the kind of the answer follows the number:
    one person who picks the wrong card from a list does not become two.

    Raises:
        IdentityKindUnknown, IdentityMalformed, IdentityChecksumWrong, IdentityBirthImpossible
    """
    try:
        claimed = IdentityKind(kind)
    except ValueError:
        raise IdentityKindUnknown from None
    if len(text) > _LONGEST_INPUT:
        raise _malformed(claimed)
    number = normalise(claimed, text)
    if claimed in _EIGHTEEN_KINDS:
        return _check_card(claimed, number, today=today)
    match = _FORMATS[claimed].fullmatch(number)
    if match is None:
        raise _malformed(claimed)
    unusual = claimed is IdentityKind.PASSPORT_FOREIGN and not _USUAL_FOREIGN_PASSPORT.fullmatch(number)
    return Identity(claimed, match.groupdict().get("person") or number, doubtful=unusual)


def check_character(first_seventeen: str) -> str:
    """The eighteenth character by ISO 7064 MOD 11-2, as GB 11643 lays down."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_seventeen, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def mask(number: str) -> str:
    """Enough to recognise one's own document; birth date and check character stay hidden."""
    head, tail = (3, 2) if len(number) > 10 else (1, 2)  # noqa: PLR2004 - short numbers show less
    hidden = len(number) - head - tail
    return f"{number[:head]}{'*' * hidden}{number[-tail:]}" if hidden > 0 else "*" * len(number)


def mask_name(name: str) -> str:
    """张三 → 张*, 欧阳娜娜 → 欧**, Anna Karenina → A***."""
    bare = name.strip()
    if not bare:
        return ""
    if bare.isascii() or " " in bare:
        return f"{bare[0]}***"
    return bare[0] + "*" * min(max(len(bare) - 1, 1), 2)


def _check_card(claimed: IdentityKind, number: str, *, today: date) -> Identity:
    if claimed is IdentityKind.FOREIGN_PERMANENT_RESIDENT and _OLD_PERMANENT_RESIDENT.fullmatch(number):
        return Identity(claimed, number)  # the card before 2023, still valid until it expires
    if not _EIGHTEEN.fullmatch(number):
        raise _malformed(claimed)
    read, region = _reader(number)
    if not region:
        raise _malformed(claimed)
    if check_character(number[:17]) != number[17]:
        raise IdentityChecksumWrong
    return read(number, _birth(number, today=today))


def _reader(number: str) -> tuple[Callable[[str, date], Identity], bool]:
    """How to read this number, and whether its region can exist."""
    if number[0] == "9":
        return _foreigner, True
    if number[:2] in _HMT_PROVINCES:
        return _hmt_resident, number[:6] in _HMT_COUNTIES
    return _citizen, number[:2] in _PROVINCES


def _citizen(number: str, birth_on: date) -> Identity:
    return Identity(IdentityKind.RESIDENT_ID, number, birth_on, _sex(number), number[:6])


def _hmt_resident(number: str, birth_on: date) -> Identity:
    return Identity(IdentityKind.HMT_RESIDENCE_PERMIT, number, birth_on, _sex(number), number[:6])


def _foreigner(number: str, birth_on: date) -> Identity:
    # The rules published for this card do not say that the sequence tells the sex.
    return Identity(IdentityKind.FOREIGN_PERMANENT_RESIDENT, number, birth_on)


def _sex(number: str) -> Sex:
    return Sex.MALE if int(number[16]) % 2 else Sex.FEMALE


def _birth(number: str, *, today: date) -> date:
    try:
        birth_on = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise IdentityBirthImpossible from None
    if birth_on > today or today.year - birth_on.year > _OLDEST_YEARS:
        raise IdentityBirthImpossible
    return birth_on


def _malformed(kind: IdentityKind) -> IdentityMalformed:
    return IdentityMalformed(kind_zh=NAMES_ZH[kind], kind_en=NAMES_EN[kind])
