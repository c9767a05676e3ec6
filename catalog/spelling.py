"""PURE: the spellings that a search compares: one word for synonyms, sounds, pinyin, initials, English."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

from pypinyin import Style, lazy_pinyin

FILLER = re.compile(
    r"(怎么办|哪些|咋办|怎么弄|怎么|如何|请问|我想|我要|我的|需要|可以|能不能|哪里|哪儿|什么|手续|办理|申请|一下|一个"
    r"|我|你|去(?!世)|办|的|了|吗|呢|要|想|能|在|给|把|请|啊|吧)"
)
HAN = re.compile(r"[\u3400-\u9fff]")
SAID = re.compile(r"[\u3400-\u9fffa-z0-9]+")
LATIN = re.compile(r"[a-z0-9]+")
SMALL_WORDS = frozenset(
    LATIN.findall(
        "a all am an and are at be can do does for get getting got had has have having he her here his"
        " how i in is it just me must my need of on or our she should so the their they this to want was we"
        " what where which with all after documents form forms papers paperwork procedure procedures steps"
    )
)


class Synonyms:
    """Words that mean the same, brought to the first of their group; a word is taken before a shorter one."""

    def __init__(self, groups: Iterable[Iterable[str]] = ()) -> None:
        self._first: dict[str, str] = {}
        for group in groups:
            words = [normal(word) for word in group]
            self._first.update(dict.fromkeys(words, words[0]))
        chinese = sorted((word for word in self._first if HAN.search(word)), key=len, reverse=True)
        self._any = re.compile("|".join(map(re.escape, chinese))) if chinese else None
        self.words = tuple(chinese)

    def chinese(self, text: str) -> str:
        """The text with every known word replaced by the one that stands for it."""
        return self._any.sub(lambda found: self._first[found.group()], text) if self._any else text

    def english(self, word: str) -> str:
        """The word that stands for this one."""
        return self._first.get(word, word)


@dataclass(frozen=True, slots=True)
class Spelt:
    """A text in its spellings. Those that do not apply are empty.

    `core` has no small talk and one word for synonyms; `sound` is one character per syllable of it, the
    same for zh/z, ch/c, sh/s and -ng/-n. `pinyin` and `initials` are those of the text as it stands (of
    Latin letters, themselves);
    `blurred` is the pinyin without those differences.
    """

    core: str
    sound: str
    pinyin: str
    blurred: str
    initials: str
    latin: tuple[str, ...]
    english: tuple[str, ...]


def normal(text: str) -> str:
    """One width, one case, no blanks around."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def spell(text: str, synonyms: Synonyms) -> Spelt:
    """All spellings of a text: a citizen's query or a phrase of the catalogue."""
    plain = normal(text)
    latin = tuple(LATIN.findall(plain))
    if not HAN.search(plain):
        words = (synonyms.english(word) for word in latin if word not in SMALL_WORDS)
        letters = "".join(latin)
        return Spelt("", "", letters, blur(letters), "", latin, tuple(words))
    said = "".join(SAID.findall(plain))
    core, pinyin = _core(synonyms.chinese(said)), pinyin_of(said)
    return Spelt(core, sound(core), pinyin, blur(pinyin), initials(said), latin, ())


def pinyin_of(said: str) -> str:
    """`shenfenzheng` for 身份证."""
    return "".join(lazy_pinyin(said))


def initials(said: str) -> str:
    """`sfz` for 身份证."""
    return "".join(lazy_pinyin(said, style=Style.FIRST_LETTER))


def sound(said: str) -> str:
    """One character per syllable, whatever the tone: words of one sound are equal."""
    return "".join(chr(0x20000 + crc32(blur(each).encode()) % 0x80000) for each in lazy_pinyin(said))


def blur(pinyin: str) -> str:
    """Without the differences that many speakers do not hear: zh/z, ch/c, sh/s, -ng/-n."""
    return re.sub(r"ng", "n", re.sub(r"([zcs])h", r"\1", pinyin))


def pairs(core: str) -> frozenset[str]:
    """The pairs of neighbours in a text; of a single character, itself."""
    return frozenset(core[at : at + 2] for at in range(len(core) - 1)) or frozenset(core)


def _core(said: str) -> str:
    """The words without the small talk around them; all of them when nothing else is left."""
    return FILLER.sub("", said) or said
