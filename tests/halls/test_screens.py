import string
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halls.screens import LAYOUTS, Panel, ScreenPolicy, ScreenPolicyInvalid, choose_layout


def test_a_digit_is_read_from_four_tenths_of_a_metre_a_millimetre():
    panel = Panel(55)
    assert panel.height_mm == pytest.approx(684.9, abs=0.2)
    assert panel.reach_m(LAYOUTS[0]) == pytest.approx(684.9 * 0.07 * 0.72 * 0.4, abs=0.05)


@given(st.floats(2, 60), st.floats(10, 200), st.booleans())
def test_the_layout_reaches_the_last_chair_with_as_many_calls_as_may_be(metres, inches, portrait):
    panel = Panel(inches, portrait)
    try:
        chosen = choose_layout(panel, metres)
    except ScreenPolicyInvalid:
        assert panel.reach_m(LAYOUTS[-1]) < metres
        return
    assert panel.reach_m(chosen) >= metres
    assert all(panel.reach_m(each) < metres for each in LAYOUTS if each.rows > chosen.rows)


def test_smaller_type_than_the_last_chair_reads_is_refused():
    with pytest.raises(ScreenPolicyInvalid, match="reaches"):
        ScreenPolicy.from_mapping({"last_chair_m": 40, "panel_inches": 32})
    with pytest.raises(ScreenPolicyInvalid, match="reaches"):
        ScreenPolicy.from_mapping({"zones": [{"code": "a", "name_zh": "东", "last_chair_m": 50}]})


@pytest.mark.parametrize(
    "rooms", [["<b>"], [""], [3], "玉兰厅", ["厅"] * 2, [f"{n}厅" for n in range(41)], ["长" * 11]]
)
def test_names_of_rooms_are_short_words_each_once(rooms):
    with pytest.raises(ScreenPolicyInvalid) as refused:
        ScreenPolicy.from_mapping({"rooms": rooms})
    assert refused.value.name == "rooms"


def test_what_is_stored_is_read_again():
    zone = {"code": "east", "name_zh": "东区", "groups": ["A"], "counters": [1, 2], "silent": True}
    policy = ScreenPolicy.from_mapping(
        {"silent": False, "night_from": "20:30", "zones": [zone], "rooms": ["玉兰厅"]}
    )
    assert ScreenPolicy.from_mapping(policy.as_mapping()) == policy
    assert policy.is_silent(policy.find_zone("east"))
    assert not policy.is_silent(None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": 1},
        {"silent": 1},
        {"last_chair_m": True},
        {"last_chair_m": 1},
        {"night_from": "soon"},
        {"zones": {}},
        {"zones": ["a"]},
        {"zones": [{"code": "A B", "name_zh": "x"}]},
        {"zones": [{"code": "a"}]},
        {"zones": [{"code": "a", "name_zh": "x", "counters": ["1"]}]},
        {"zones": [{"code": "a", "name_zh": "x"}, {"code": "a", "name_zh": "y"}]},
    ],
)
def test_refuses_what_is_no_setting(wrong):
    with pytest.raises(ScreenPolicyInvalid) as refused:
        ScreenPolicy.from_mapping(wrong)
    zh, _en = refused.value.labels
    # A Chinese reader reads no English in between, but for what was typed.
    assert not set(refused.value.zh) & set(string.ascii_letters)
    assert "colour" in wrong or not zh.isascii()


@pytest.mark.parametrize(
    ("starts", "ends", "at", "night"),
    [
        ("21:00", "06:00", "23:00", True),
        ("21:00", "06:00", "05:59", True),
        ("21:00", "06:00", "06:00", False),
        ("13:00", "14:00", "13:30", True),
        ("13:00", "14:00", "14:00", False),
        ("00:00", "00:00", "03:00", False),
    ],
)
def test_nights_may_pass_midnight(starts, ends, at, night):
    policy = ScreenPolicy.from_mapping({"night_from": starts, "night_to": ends})
    assert policy.is_night(time.fromisoformat(at)) is night
