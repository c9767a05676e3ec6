"""PURE: finding services and packages from citizens' own words: Chinese, pinyin, English, with slips.

Two things are measured, from 0 to 100. How close the query comes to one phrase of a service (its name, its
keywords, the names of its situations), in the spelling that fits the query's script. And how much of what was
asked the service speaks of anywhere, rare words counting more (inverse document frequency over
services and packages). The better of the two counts, the other a little; `ENOUGH` is where guessing starts,
and what is far behind the best (`NEAR_BEST`) would only be in the way. A package must be meant, not guessed
(`SURE`): it names services that have names of their own. Which situation of a service the words point at,
`catalog/situations.py` says.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import log

from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein, Prefix

from catalog.latin import Readings, readings_of
from catalog.situations import Situation, point_at
from catalog.spelling import HAN, Spelt, Synonyms, pairs, spell

ENOUGH = 55.0
SURE = 70.0
GUESS = 0.25  # of what was asked, where nothing comes near
MOST_GUESSES = 3
NEAR_BEST = 0.62  # "身份证丢了" also touches visas and licences, all below 0.6 of the identity card
MOST_QUERY = 60
LEAST_PINYIN = 3
LEAST_STEM = 5
MOST_ENDING = 4
SITUATION_WEIGHT = 0.97
NEVER_NAMED = 88.0
BONUS = 15.0


Key = tuple[bool, str]


@dataclass(frozen=True, slots=True)
class SearchEntry:
    """Something to find: a service, one situation of it, or a package. `words` are citizens' own words.

    `about` is text that is spoken of, but not a name: a summary. That of a package counts where no service
    is named so. `service` is the code of the service or package.
    """

    service: str
    situation: str | None
    name_zh: str
    name_en: str
    words: tuple[str, ...]
    about: tuple[str, ...] = ()
    package: bool = False

    @property
    def key(self) -> Key:
        """What tells it from others: a package may have the code of a service."""
        return self.package, self.service


@dataclass(frozen=True, slots=True)
class Hit:
    """A service or package found. `situation` is set when the words pointed at one situation of it."""

    service: str
    situation: str | None
    score: float
    package: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase in its spellings. `sounds` are its syllables."""

    key: Key
    situation: str | None
    spelt: Spelt
    sounds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Topics:
    """What each speaks of (pairs of characters, English words), and how rare each of these is."""

    of_key: dict[Key, frozenset[str]]
    rarity: dict[str, float]
    unknown: float

    def share(self, asked: Iterable[str], key: Key) -> float:
        """0..1: how much of what was asked it speaks of; what none speaks of counts against all."""
        known, whole, found = self.of_key[key], 0.0, 0.0
        for each in asked:
            worth = self.rarity.get(each, self.unknown)
            whole += worth
            found += worth if each in known else 0.0
        return found / whole if whole else 0.0


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """What `build_index` makes; keep it as long as the catalog does not change."""

    phrases: tuple[Phrase, ...]
    order: tuple[Key, ...]
    topics: Topics
    situations: dict[Key, tuple[Situation, ...]]
    synonyms: Synonyms
    readings: Readings


def build_index(entries: Iterable[SearchEntry], synonyms: Synonyms | None = None) -> SearchIndex:
    """Prepare the entries; what is given first wins ties."""
    same = synonyms or Synonyms()
    given = list(entries)
    phrases: list[Phrase] = []
    spoken: dict[Key, set[str]] = {}
    situations: dict[Key, list[Situation]] = {}
    names = {each.key: _named((each.name_zh, each.name_en), same) for each in given if not each.situation}
    for entry in given:
        texts = tuple(dict.fromkeys((entry.name_zh, entry.name_en, *entry.words)))
        spelt = [spell(text, same) for text in texts]
        phrases += [Phrase(entry.key, entry.situation, each, frozenset(each.sound)) for each in spelt]
        named = frozenset[str]().union(*map(_topics_of, spelt))
        spoken.setdefault(entry.key, set()).update(named)
        if entry.situation is not None:
            own = named - names.get(entry.key, frozenset())
            situations.setdefault(entry.key, []).append(Situation(entry.situation, own))
    of_services = frozenset[str]().union(*(named for (package, _), named in spoken.items() if not package))
    for entry in given:
        about = _named(entry.about, same)
        spoken[entry.key] |= about - of_services if entry.package else about
    readings = readings_of(
        (*same.words, *(text for entry in given for text in (entry.name_zh, *entry.words)))
    )
    found = {key: tuple(each) for key, each in situations.items()}
    return SearchIndex(tuple(phrases), tuple(spoken), _weigh(spoken), found, same, readings)


def search(index: SearchIndex, query: str, *, limit: int = 8, packages: bool = False) -> tuple[Hit, ...]:
    """What fits best, best first; each service once, with the situation that the words point at.

    Packages stand between the services only when they are asked for.
    """
    query = query[:MOST_QUERY]
    rated = [(hit, share) for hit, share in _rated(index, query) if packages or not hit.package]
    enough = [hit for hit, _ in rated if hit.score >= (SURE if hit.package else ENOUGH)]
    if not enough:
        guessed = sorted((each for each in rated if each[1] >= GUESS), key=lambda each: -each[1])
        return tuple(hit for hit, _ in guessed[: min(limit, MOST_GUESSES)])
    best = max(hit.score for hit in enough)
    near_best = (hit for hit in enough if hit.score >= NEAR_BEST * best)
    return tuple(sorted(near_best, key=lambda hit: -hit.score)[:limit])


def _rated(index: SearchIndex, query: str) -> list[tuple[Hit, float]]:
    """Everything in its order, with the share of the query that it speaks of: as typed, or letters read."""
    read = index.readings.chinese(query)
    if read is not None and HAN.search(query):
        return _hits(index, spell(read, index.synonyms))
    typed = _hits(index, spell(query, index.synonyms))
    if read is None:
        return typed
    by_reading = _hits(index, spell(read, index.synonyms))
    return [max(pair, key=lambda each: each[0].score) for pair in zip(typed, by_reading, strict=True)]


def _hits(index: SearchIndex, asked: Spelt) -> list[tuple[Hit, float]]:
    closest = _closest(asked, index.phrases)
    topics = _topics_of(asked)
    hits = []
    for key in index.order:
        package, code = key
        near = closest.get(key, {})
        share = index.topics.share(topics, key)
        total = round(max(_weighed(near), NEVER_NAMED * share) + BONUS * share, 2)
        hit = Hit(code, point_at(index.situations.get(key, ()), near, topics), total, package)
        hits.append((hit, share))
    return hits


def _closest(asked: Spelt, phrases: Iterable[Phrase]) -> dict[Key, dict[str | None, float]]:
    """Of each, the score of the closest phrase of every situation (None: of the service itself).

    Phrases without a common sound are skipped.
    """
    closest: dict[Key, dict[str | None, float]] = {}
    sounds = frozenset(asked.sound)
    for phrase in phrases:
        if sounds and sounds.isdisjoint(phrase.sounds):
            continue
        score = _score(asked, phrase.spelt)
        near = closest.setdefault(phrase.key, {})
        near[phrase.situation] = max(score, near.get(phrase.situation, 0.0))
    return closest


def _weighed(near: dict[str | None, float]) -> float:
    """A service by its own name goes before one by a situation."""
    of_situations = max((score for situation, score in near.items() if situation), default=0.0)
    return max(near.get(None, 0.0), of_situations * SITUATION_WEIGHT)


def _named(texts: Iterable[str], same: Synonyms) -> frozenset[str]:
    return frozenset[str]().union(*(_topics_of(spell(text, same)) for text in texts))


def _topics_of(spelt: Spelt) -> frozenset[str]:
    return pairs(spelt.core) if spelt.core else frozenset(spelt.english)


def _weigh(spoken: dict[Key, set[str]]) -> Topics:
    counts = Counter(topic for topics in spoken.values() for topic in topics)
    size = len(spoken) + 1
    rarity = {topic: log(size / count) for topic, count in counts.items()}
    return Topics({key: frozenset(topics) for key, topics in spoken.items()}, rarity, log(size) / 2)


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
    if _one_stem(asked, known):
        return 82.0
    return _typing_error(asked, known)


def _one_stem(asked: str, known: str) -> bool:
    """`register` and `registration`, `transferring` and `transfer`: as begun, whatever the ending."""
    alike = Prefix.similarity(asked, known)
    return alike >= LEAST_STEM and max(len(asked), len(known)) - alike <= MOST_ENDING
