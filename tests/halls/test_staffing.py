import math

from hypothesis import given
from hypothesis import strategies as st

from halls.staffing import assign, choose_counters

HALL = {**dict.fromkeys((1, 2, 3), "A"), **dict.fromkeys((4, 5), "B"), 6: "ABZ", 7: "ABZ"}


def test_a_counter_is_never_used_twice():
    assert assign({"A": 3.5, "B": 2.0, "Z": 1.5}, HALL) is not None
    assert assign({"A": 3.5, "B": 2.5, "Z": 1.5}, HALL) is None


def test_a_skill_that_nobody_has_cannot_be_planned():
    assert assign({"Q": 0.5}, HALL) is None


def test_gives_way_at_a_general_counter_when_that_helps():
    # A alone could be put on 6 and 7 first; Z then needs them back.
    shares = assign({"A": 2.0, "Z": 2.0}, {6: "AZ", 7: "AZ", 1: "A", 2: "A"})
    assert shares is not None
    assert math.fsum(split.get("Z", 0) for split in shares.values()) == 2.0


def test_opens_the_fewest_counters_and_keeps_those_who_can_do_everything():
    assert choose_counters({"A": 1.5, "B": 0.5, "Z": 1.0}, HALL) == (1, 6, 7)
    assert choose_counters({}, HALL) == ()
    assert choose_counters({"Z": 3.0}, HALL) is None


@given(st.dictionaries(st.sampled_from("ABZ"), st.integers(0, 40).map(lambda tenths: tenths / 10)))
def test_an_assignment_meets_every_need_within_every_counter(needs):
    shares = assign(needs, HALL)
    if shares is None:
        return
    assert all(math.fsum(split.values()) <= 1.000001 for split in shares.values())
    assert all(group in HALL[counter] for counter, split in shares.items() for group in split)
    for group, need in needs.items():
        assert math.isclose(math.fsum(split.get(group, 0) for split in shares.values()), need, abs_tol=1e-6)
