"""PURE: what letters among Chinese mean: `sfz丢了`, `补hkb` and `sfz bujianle` are Chinese, typed shortly.

Phones write initials faster than characters, and people mix both. The words that letters may stand for are
those of the catalogue and its synonyms; letters that stand for none of them stay as they are (`C1`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from catalog.spelling import HAN, LATIN, initials, normal, pinyin_of

_CHINESE = re.compile(r"[\u3400-\u9fff]{2,8}")
_LEAST_INITIALS = 3  # two letters are the initials of too many words
_LEAST_PINYIN = 4


@dataclass(frozen=True, slots=True)
class Readings:
    """Which Chinese word letters stand for: `spelt` in full pinyin, `short` by its initials."""

    spelt: dict[str, str] = field(default_factory=dict)
    short: dict[str, str] = field(default_factory=dict)

    def chinese(self, query: str) -> str | None:
        """The query with its letters read as Chinese; None where there is nothing to read.

        A query of letters alone is read only as a whole (`id card` has no word for `id`, and stays English),
        and only where it is more than one word: what sounds alike (`paizhao`: 拍照, 牌照) is compared by its
        letters.
        """
        plain = normal(query)
        if not HAN.search(plain):
            letters = "".join(LATIN.findall(plain))
            return None if self._word(letters) else self._read(letters)
        found = {part: word for part in LATIN.findall(plain) if (word := self._read(part))}
        return LATIN.sub(lambda part: found.get(part.group(), part.group()), plain) if found else None

    def _word(self, letters: str) -> str | None:
        return self.spelt.get(letters) or self.short.get(letters)

    def _read(self, letters: str) -> str | None:
        """One word, or several without a blank between them, the longest first: `sfzdiule`."""
        if not letters or letters.isdigit():
            return None
        whole = self._word(letters)
        if whole:
            return whole
        for cut in range(len(letters) - 2, 2, -1):
            word = self._word(letters[:cut])
            rest = self._read(letters[cut:]) if word else None
            if word and rest:
                return word + rest
        return None


def readings_of(words: Iterable[str]) -> Readings:
    """What letters stand for, given the words; where two have the same letters, the first one."""
    readings = Readings()
    for word in words:
        said = normal(word)
        if not _CHINESE.fullmatch(said):
            continue
        full, short = pinyin_of(said), initials(said)
        if len(full) >= _LEAST_PINYIN:
            readings.spelt.setdefault(full, said)
        if len(short) >= _LEAST_INITIALS:
            readings.short.setdefault(short, said)
    return readings
