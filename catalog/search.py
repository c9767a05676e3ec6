"""PURE: finding a service from citizens' own words: Chinese, pinyin, initials, English, with typing errors.

Every phrase of a service (name, synonyms, names of its situations) is kept in four spellings: as written,
full pinyin, initials, English words. A query is compared with those that fit its script; the best phrase
counts. Scores run from 0 to 100 and only order the answers; `ENOUGH` is where guessing starts.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from pypinyin import Style, lazy_pinyin
from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein

ENOUGH = 55.0
MOST_QUERY = 60
FILLER = re.compile(
    r"(我想|我要|请问|怎么|如何|办理|一下|需要|申请|可以|能不能|哪里|什么|手续|去|办|的|了|吗|呢|要|想)"
)
HAN = re.compile(r"[\u3400-\u9fff]")
LATIN = re.compile(r"[a-z0-9]+")
SMALL_WORDS = {
    "a",
    "an",
    "the",
    "my",
    "to",
    "for",
    "of",
    "i",
    "in",
    "how",
    "want",
    "need",
    "get",
    "or",
    "and",
    "is",
}


@dataclass(frozen=True, slots=True)
class SearchEntry:
    """Something to find: a service, or one situation of it. `words` are citizens' own words, any language."""

    service: str
    situation: str | None
    name_zh: str
    name_en: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A service found. `situation` is set when the words pointed at one situation of it."""

    service: str
    situation: str | None
    score: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase in its spellings; those that do not apply are empty. `weight` ranks services first."""

    service: str
    situation: str | None
    core: str
    sound: str
    pinyin: str
    initials: str
    english: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A query in the spellings it is compared by."""

    core: str
    sound: str
    letters: str
    english: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """What `build_index` makes; keep it as long as the catalog does not change."""

    phrases: tuple[Phrase, ...]
    order: tuple[str, ...]


def build_index(entries: Iterable[SearchEntry]) -> SearchIndex:
    """Prepare the entries; services given first win ties."""
    phrases: list[Phrase] = []
    order: list[str] = []
    for entry in entries:
        if entry.service not in order:
            order.append(entry.service)
        weight = 1.0 if entry.situation is None else 0.97
        texts = dict.fromkeys((entry.name_zh, entry.name_en, *entry.words))
        phrases.extend(_phrase(entry, text, weight) for text in texts)
    return SearchIndex(tuple(phrases), tuple(order))


def search(index: SearchIndex, query: str, *, limit: int = 8) -> tuple[Hit, ...]:
    """The services that fit best, best first; each service once, with its best situation."""
    asked = _asked(_normal(query[:MOST_QUERY]))
    best: dict[str, Hit] = {}
    for phrase in index.phrases:
        score = round(_score(asked, phrase) * phrase.weight, 2)
        found = best.get(phrase.service)
        if score >= ENOUGH and (found is None or score > found.score):
            best[phrase.service] = Hit(phrase.service, phrase.situation, score)
    rank = {service: at for at, service in enumerate(index.order)}
    return tuple(sorted(best.values(), key=lambda hit: (-hit.score, rank[hit.service]))[:limit])


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()


def _han(text: str) -> str:
    return "".join(HAN.findall(text))


def _core(han: str) -> str:
    """Chinese words without the small talk around them; all of it when nothing else is left."""
    return FILLER.sub("", han) or han


def _asked(normal: str) -> Asked:
    core = _core(_han(normal))
    return Asked(core, _sound(core), "".join(LATIN.findall(normal)), _english(normal))


def _sound(han: str) -> str:
    return "".join(lazy_pinyin(han)) if han else ""


def _blur(pinyin: str) -> str:
    """Without the differences that many speakers do not hear: zh/z, ch/c, sh/s, -ng/-n."""
    return re.sub(r"ng", "n", re.sub(r"([zcs])h", r"\1", pinyin))


def _phrase(entry: SearchEntry, text: str, weight: float) -> Phrase:
    normal = _normal(text)
    han = _han(normal)
    return Phrase(
        service=entry.service,
        situation=entry.situation,
        core=_core(han),
        sound=_sound(_core(han)),
        pinyin=_sound(han),
        initials="".join(lazy_pinyin(han, style=Style.FIRST_LETTER)),
        english=() if han else _english(normal),
        weight=weight,
    )


def _english(normal: str) -> tuple[str, ...]:
    return tuple(word for word in LATIN.findall(normal) if word not in SMALL_WORDS)


def _score(asked: Asked, phrase: Phrase) -> float:
    if asked.core:
        return _han_score(asked, phrase)
    if phrase.core:
        return _pinyin_score(asked.letters, phrase)
    return _english_score(asked.english, phrase.english)


def _han_score(asked: Asked, phrase: Phrase) -> float:
    """Chinese against Chinese; the sound counts a little less, for words typed with the wrong character."""
    if not phrase.core:
        return 0.0
    written = _closeness(asked.core, phrase.core)
    sound = _closeness(asked.sound, phrase.sound, least=4)
    return max(written, sound * 0.9 if len(asked.core) > 1 else 0.0)


def _closeness(asked: str, known: str, *, least: int = 1) -> float:
    """0..100: equal, one within the other (the more of it the better), or nearly the same."""
    if asked == known:
        return 100.0
    share = min(len(asked), len(known)) / max(len(asked), len(known))
    if len(asked) >= least and asked in known:
        return 75.0 + 20.0 * share
    if len(known) >= max(2, least) and known in asked:
        return 70.0 + 25.0 * share
    return fuzz.ratio(asked, known) * 0.9 if min(len(asked), len(known)) >= max(2, least) else 0.0


def _pinyin_score(letters: str, phrase: Phrase) -> float:
    """Latin letters against Chinese: initials (sfz) or full pinyin (shenfenzheng), begun or complete."""
    best = 0.0
    if len(letters) < 2:  # noqa: PLR2004 - one letter names nothing
        return best
    if phrase.initials == letters:
        best = 96.0
    elif letters in phrase.initials:
        best = (
            66.0
            + 20.0 * len(letters) / len(phrase.initials)
            + (4.0 if phrase.initials.startswith(letters) else 0.0)
        )
    whole = _within(letters, phrase.pinyin)
    blurred = _within(_blur(letters), _blur(phrase.pinyin)) * 0.95
    return max(best, whole, blurred, _typing_error(letters, phrase.pinyin) * 0.95)


def _within(letters: str, pinyin: str) -> float:
    """Full pinyin of which at least three letters were typed."""
    if len(letters) < 3 or letters not in pinyin:  # noqa: PLR2004 - two letters are in every pinyin
        return 0.0
    return 74.0 + 24.0 * len(letters) / len(pinyin) + (2.0 if pinyin.startswith(letters) else 0.0)


def _typing_error(asked: str, known: str) -> float:
    """Similarity 0..100 of words that differ by few letters; 0 where the difference is more than a slip."""
    slips = DamerauLevenshtein.distance(asked, known)
    longest = max(len(asked), len(known))
    return 100.0 * (1 - slips / longest) if slips <= max(1, longest // 5) and longest > 3 else 0.0  # noqa: PLR2004


def _english_score(asked: tuple[str, ...], known: tuple[str, ...]) -> float:
    """Each asked word finds its best known word; a phrase wholly covered counts a little more."""
    if not asked or not known:
        return 0.0
    found = [max(_word(word, other) for other in known) for word in asked]
    mean = sum(found) / len(found)
    return mean * (0.88 + 0.12 * min(1.0, len(asked) / len(known)))


def _word(asked: str, known: str) -> float:
    if asked == known:
        return 100.0
    if len(asked) >= 3 and known.startswith(asked):  # noqa: PLR2004 - two letters begin too many words
        return 88.0
    return _typing_error(asked, known)
