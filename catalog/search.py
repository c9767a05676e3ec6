"""PURE: finding a service from citizens' own words: Chinese, pinyin, initials, English, with typing errors.

Two things are measured, from 0 to 100. How close the query comes to one phrase of a service (its name, its
keywords, the names of its situations), in the spelling that fits the query's script. And how much of what was
asked the service speaks of anywhere, rare words counting more (inverse document frequency over the
services). The better of the two counts, the other a little; `ENOUGH` is where guessing starts, and what is
far behind the best (`NEAR_BEST`) would only be in the way.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import log

from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein

from catalog.spelling import Spelt, Synonyms, pairs, spell

ENOUGH = 55.0
NEAR_BEST = 0.62  # "身份证丢了" also touches visas and licences, all below 0.6 of the identity card
MOST_QUERY = 60
LEAST_PINYIN = 3
SITUATION_WEIGHT = 0.97
NEVER_NAMED = 88.0
BONUS = 15.0


@dataclass(frozen=True, slots=True)
class SearchEntry:
    """Something to find: a service, or one situation of it. `words` are citizens' own words, any language.

    `about` is text that is spoken of, but not a name: a summary.
    """

    service: str
    situation: str | None
    name_zh: str
    name_en: str
    words: tuple[str, ...]
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A service found. `situation` is set when the words pointed at one situation of it."""

    service: str
    situation: str | None
    score: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase in its spellings. `sounds` are its syllables; `weight` ranks services before situations."""

    service: str
    situation: str | None
    spelt: Spelt
    sounds: frozenset[str]
    weight: float


@dataclass(frozen=True, slots=True)
class Topics:
    """What each service speaks of (pairs of characters, English words), and how rare each of these is."""

    of_service: dict[str, frozenset[str]]
    rarity: dict[str, float]
    unknown: float

    def share(self, asked: Iterable[str], service: str) -> float:
        """0..1: how much of what was asked the service speaks of; what none speaks of counts against all."""
        known, whole, found = self.of_service[service], 0.0, 0.0
        for each in asked:
            worth = self.rarity.get(each, self.unknown)
            whole += worth
            found += worth if each in known else 0.0
        return found / whole if whole else 0.0


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """What `build_index` makes; keep it as long as the catalog does not change."""

    phrases: tuple[Phrase, ...]
    order: tuple[str, ...]
    topics: Topics
    synonyms: Synonyms


def build_index(entries: Iterable[SearchEntry], synonyms: Synonyms | None = None) -> SearchIndex:
    """Prepare the entries; services given first win ties."""
    same = synonyms or Synonyms()
    phrases: list[Phrase] = []
    spoken: dict[str, set[str]] = {}
    for entry in entries:
        weight = 1.0 if entry.situation is None else SITUATION_WEIGHT
        topics = spoken.setdefault(entry.service, set())
        for text in dict.fromkeys((entry.name_zh, entry.name_en, *entry.words)):
            spelt = spell(text, same)
            phrases.append(Phrase(entry.service, entry.situation, spelt, frozenset(spelt.sound), weight))
            topics |= _topics_of(spelt)
        for text in entry.about:
            topics |= _topics_of(spell(text, same))
    return SearchIndex(tuple(phrases), tuple(spoken), _weigh(spoken), same)


def search(index: SearchIndex, query: str, *, limit: int = 8) -> tuple[Hit, ...]:
    """The services that fit best, best first; each service once, with its best situation."""
    asked = spell(query[:MOST_QUERY], index.synonyms)
    closest = _closest(asked, index.phrases)
    topics = _topics_of(asked)
    hits = []
    for service in index.order:
        score, situation = closest.get(service, (0.0, None))
        share = index.topics.share(topics, service)
        total = round(max(score, NEVER_NAMED * share) + BONUS * share, 2)
        if total >= ENOUGH:
            hits.append(Hit(service, situation, total))
    best = max((hit.score for hit in hits), default=0.0)
    near = (hit for hit in hits if hit.score >= NEAR_BEST * best)
    return tuple(sorted(near, key=lambda hit: -hit.score)[:limit])


def _closest(asked: Spelt, phrases: Iterable[Phrase]) -> dict[str, tuple[float, str | None]]:
    """Service → score and situation of its closest phrase; phrases without a common sound are skipped."""
    closest: dict[str, tuple[float, str | None]] = {}
    sounds = frozenset(asked.sound)
    for phrase in phrases:
        if sounds and sounds.isdisjoint(phrase.sounds):
            continue
        score = _score(asked, phrase.spelt) * phrase.weight
        if score > closest.get(phrase.service, (0.0, None))[0]:
            closest[phrase.service] = (score, phrase.situation)
    return closest


def _topics_of(spelt: Spelt) -> frozenset[str]:
    return pairs(spelt.core) if spelt.core else frozenset(spelt.english)


def _weigh(spoken: dict[str, set[str]]) -> Topics:
    counts = Counter(topic for topics in spoken.values() for topic in topics)
    size = len(spoken) + 1
    rarity = {topic: log(size / count) for topic, count in counts.items()}
    return Topics({code: frozenset(topics) for code, topics in spoken.items()}, rarity, log(size) / 2)


def _score(asked: Spelt, phrase: Spelt) -> float:
    if asked.core:
        return _han_score(asked, phrase)
    if phrase.core:
        return _pinyin_score(asked, phrase)
    return _english_score(asked.english, phrase.english)


def _han_score(asked: Spelt, phrase: Spelt) -> float:
    """Chinese against Chinese; the sound counts a little less, for words typed with the wrong character."""
    if not phrase.core:
        return 0.0
    written = _closeness(asked.core, phrase.core)
    if written == 100.0 or len(asked.core) == 1:  # noqa: PLR2004 - nothing is closer
        return written
    return max(written, _closeness(asked.sound, phrase.sound) * 0.9)


def _closeness(asked: str, known: str) -> float:
    """0..100: equal, one within the other (the more of it the better), or nearly the same."""
    if asked == known:
        return 100.0
    shorter, longer = sorted((len(asked), len(known)))
    if asked in known:
        return 75.0 + 20.0 * shorter / longer
    if shorter < 2:  # noqa: PLR2004 - one character is in too many words
        return 0.0
    if known in asked:
        return 70.0 + 25.0 * shorter / longer
    return fuzz.ratio(asked, known, score_cutoff=50) * 0.9


def _pinyin_score(asked: Spelt, phrase: Spelt) -> float:
    """Latin letters against Chinese: initials (sfz) or full pinyin (shenfenzheng), begun or complete."""
    latin, letters = asked.latin, asked.pinyin
    if len(letters) < 2:  # noqa: PLR2004 - one letter names nothing
        return 0.0
    return max(
        _initials_score(letters, phrase.initials),
        _within(letters, phrase.pinyin),
        _within(asked.blurred, phrase.blurred) * 0.95,
        _typing_error(letters, phrase.pinyin) * 0.95,
        _by_words(latin, phrase) if len(latin) > 1 else 0.0,
    )


def _initials_score(letters: str, initials: str) -> float:
    if initials == letters:
        return 96.0
    if letters not in initials:
        return 0.0
    return 66.0 + 20.0 * len(letters) / len(initials) + (4.0 if initials.startswith(letters) else 0.0)


def _by_words(latin: tuple[str, ...], phrase: Spelt) -> float:
    """Several words, each the initials or the pinyin of a part: `ddc shangpai`."""
    words = [word for word in latin if not word.isdigit()]
    covered = 0
    for word in words:
        spelt_out = len(word) >= LEAST_PINYIN and word in phrase.pinyin
        if not spelt_out and not (len(word) > 1 and word in phrase.initials):
            return 0.0
        covered += len(word)
    return 70.0 + 20.0 * min(1.0, covered / len(phrase.pinyin)) if covered else 0.0


def _within(letters: str, pinyin: str) -> float:
    """Full pinyin of which at least three letters were typed."""
    if len(letters) < LEAST_PINYIN or letters not in pinyin:
        return 0.0
    return 74.0 + 24.0 * len(letters) / len(pinyin) + (2.0 if pinyin.startswith(letters) else 0.0)


def _typing_error(asked: str, known: str) -> float:
    """Similarity 0..100 of words that differ by few letters; 0 where the difference is more than a slip."""
    longest = max(len(asked), len(known))
    most = max(1, longest // 5)
    if longest < 4 or abs(len(asked) - len(known)) > most:  # noqa: PLR2004 - a slip makes another short word
        return 0.0
    slips = DamerauLevenshtein.distance(asked, known, score_cutoff=most)
    return 100.0 * (1 - slips / longest) if slips <= most else 0.0


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
    if len(asked) >= LEAST_PINYIN and known.startswith(asked):
        return 88.0
    return _typing_error(asked, known)
