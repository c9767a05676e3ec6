"""What is said when somebody is sent to a room."""

import re

import pytest

from queueing.rooms import COMMON_ROOMS, room_of
from tools.make_clips import words
from web.display.spoken import NAMED, clips, english_name, say_room


@pytest.mark.parametrize(
    ("room", "zh", "en"),
    [
        ("3", "to 3 room", "room 3"),
        ("12", "to ten 2 room", "room 1 2"),
        ("20", "to 2 ten room", "room 2 0"),
        ("301", "to 3 0 1 room", "room 3 0 1"),
        ("05", "to 0 5 room", "room 0 5"),
        ("A12", "to A 1 2 room", "room A 1 2"),
        ("3号窗口", "to 3 window", "look"),
        ("2台", "to 2 desk", "look"),
        ("照相室", "to photo-room", "look"),
        ("缴费台", "to pay-desk", "look"),
        ("玉兰厅", "look", "look"),
    ],
)
def test_says_where_to_go_or_to_look(room, zh, en):
    said = say_room(room_of(room, ["玉兰厅"]))
    assert [each[3:] for each in said.zh] == zh.split()
    assert [each[3:] for each in said.en] == en.split()


@pytest.mark.parametrize(
    ("room", "english"),
    [("3", "room 3"), ("2台", "desk 2"), ("照相室", "the photo room"), ("玉兰厅", "玉兰厅")],
)
def test_is_written_for_readers_of_english(room, english):
    assert english_name(room_of(room, ["玉兰厅"])) == english


def test_a_hall_may_record_its_own_names():
    assert say_room("玉兰厅", recorded=True).zh == ("zh-to", "zh-玉兰厅")


def test_every_word_is_made_and_every_name_is_a_room():
    made = words()
    assert clips() <= set(made)
    assert set(NAMED) <= set(COMMON_ROOMS)
    for name in COMMON_ROOMS:
        assert room_of(name) == name
        assert english_name(name).isascii()
    for clip in clips():
        assert re.fullmatch("[a-z-]+", clip)
