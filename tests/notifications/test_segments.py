import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.segments import Encoding, Size, beyond_gsm, measure, segments


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", Size(Encoding.GSM7, 0, 0)),
        ("a", Size(Encoding.GSM7, 1, 1)),
        ("a" * 160, Size(Encoding.GSM7, 160, 1)),
        ("a" * 161, Size(Encoding.GSM7, 161, 2)),
        ("a" * 306, Size(Encoding.GSM7, 306, 2)),
        ("a" * 307, Size(Encoding.GSM7, 307, 3)),
        ("€" * 80, Size(Encoding.GSM7, 160, 1)),
        ("€" * 81, Size(Encoding.GSM7, 162, 2)),
        ("字" * 70, Size(Encoding.UCS2, 70, 1)),
        ("字" * 71, Size(Encoding.UCS2, 71, 2)),
        ("字" * 134, Size(Encoding.UCS2, 134, 2)),
        ("字" * 135, Size(Encoding.UCS2, 135, 3)),
        ("😀" * 35, Size(Encoding.UCS2, 70, 1)),
        ("😀" * 36, Size(Encoding.UCS2, 72, 2)),
    ],
)
def test_counts_as_carriers_do(text, size):
    assert measure(text) == size
    assert segments(text) == size.segments


def test_an_escape_or_a_surrogate_pair_is_not_cut_in_two():
    # 153 is odd: 76 pairs and one place left over in each part.
    assert measure("€" * 153).segments == 3
    assert measure("😀" * 67).segments == 3


@pytest.mark.parametrize(("character", "shown"), [("，", "，"), ("\u00a0", "\u00a0"), ("’", "’"), ("ê", "ê")])
def test_one_foreign_character_makes_the_whole_text_ucs2(character, shown):
    size = measure("a" * 100 + character)
    assert (size.encoding, size.segments) == (Encoding.UCS2, 2)
    assert beyond_gsm(f"ok{character}{character}") == shown


@given(st.text(max_size=700))
@settings(max_examples=150, deadline=None)
def test_segments_hold_the_text_and_none_is_empty(text):
    size = measure(text)
    one, part = (160, 153) if size.encoding is Encoding.GSM7 else (70, 67)
    if size.segments <= 1:
        assert size.units <= one
    else:
        assert size.units <= size.segments * part
        assert size.units > (size.segments - 1) * (part - 1)
    if size.encoding is Encoding.UCS2:
        assert size.units == len(text.encode("utf-16-le", "surrogatepass")) // 2
