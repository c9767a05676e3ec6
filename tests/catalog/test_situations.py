from catalog.situations import Situation, point_at

LOCAL = Situation("local", frozenset({"遗失", "本省"}))
AWAY = Situation("away", frozenset({"遗失", "外省"}))
EXPIRED = Situation("expired", frozenset({"到期", "本省"}))
ALL = (LOCAL, AWAY, EXPIRED)


def test_points_by_what_sets_a_situation_apart():
    assert point_at(ALL, {None: 90.0}, frozenset({"外省", "遗失"})) == "away"
    assert point_at(ALL, {None: 90.0}, frozenset({"到期"})) == "expired"


def test_points_at_none_when_the_words_speak_of_the_service_alone():
    assert point_at(ALL, {None: 90.0}, frozenset({"身份"})) is None
    assert point_at(ALL, {None: 90.0}, frozenset({"遗失"})) is None  # two of three are left
    assert point_at((), {None: 90.0}, frozenset({"遗失"})) is None


def test_words_that_pull_apart_point_at_none():
    assert point_at((LOCAL, AWAY), {None: 90.0}, frozenset({"遗失"})) is None


def test_a_phrase_as_close_as_the_service_points_too():
    assert point_at(ALL, {None: 96.0, "away": 96.0}, frozenset({"wdsfz"})) == "away"
    assert point_at(ALL, {None: 96.0, "away": 60.0}, frozenset({"wdsfz"})) is None


def test_a_word_within_a_longer_phrase_points_at_nothing():
    assert point_at(ALL, {None: 86.0, "away": 86.0}, frozenset({"身份", "份证"})) is None


def test_of_equals_the_one_that_says_least_beyond_what_was_asked_is_meant():
    lost_too = Situation("accident-no-card", frozenset({"事故", "证丢"}))
    others = (Situation("hospital", frozenset({"医院"})), Situation("home", frozenset({"在家"})))
    situations = (lost_too, Situation("accident", frozenset({"事故"})), *others)
    assert point_at(situations, {None: 50.0}, frozenset({"事故"})) == "accident"
