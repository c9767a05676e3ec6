"""Rows that stand elsewhere are told apart from those that only made room for them."""

import pytest

from kernel.table_order import moved_rows


def rows(text, of="x"):
    return {(of, code): {"of": of, "code": code} for code in text}


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ("abcd", "abcd", {}),
        ("abcd", "dabc", {"d": (4, 1)}),
        ("abcd", "bcda", {"a": (1, 4)}),
        ("abcd", "bacd", {"a": (1, 2)}),
        ("abcd", "aebcd", {}),  # a new one
        ("abcd", "acd", {}),  # one that goes
        ("abcd", "ecba", {"b": (2, 3), "a": (1, 4)}),
        ("", "ab", {}),
    ],
)
def test_the_fewest_moves_that_explain_the_order(before, after, moved):
    found = moved_rows(("of",), rows(before), rows(after))
    assert found == {("x", code): places for code, places in moved.items()}


def test_only_among_those_with_the_same_values():
    before, after = rows("ab", "x") | rows("cd", "y"), rows("cd", "y") | rows("ab", "x")
    assert moved_rows(("of",), before, after) == {}


def test_nowhere_in_a_table_whose_order_says_nothing():
    assert moved_rows(None, rows("ab"), rows("ba")) == {}
