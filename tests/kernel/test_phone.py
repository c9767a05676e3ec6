import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel import phone
from kernel.errors import Invalid

MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        " 138 0013 8000 ",
        "138-0013-8000",
        "+8613800138000",
        "+86 138 0013 8000",
        "＋８６１３８００１３８０００",
        "１３８００１３８０００",
        "008613800138000",
        "8613800138000",
        "(+86)13800138000",
        "\u202d13800138000\u202c",
        "138\u00a00013\u30008000",
    ],
)
def test_understands_a_mainland_mobile_however_it_is_typed(typed):
    assert phone.normalise(typed) == "+8613800138000"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("+852 9123 4567", "+85291234567"),
        ("0085391234567", "+85391234567"),
        ("+1 (415) 555-0132", "+14155550132"),
    ],
)
def test_understands_international_numbers(typed, expected):
    assert phone.normalise(typed) == expected
    assert not phone.is_mainland(expected)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "+",
        "110",
        "12800138000",
        "1380013800",
        "138001380000",
        "+86 10 6554 1234",
        "010-65541234",
        "+861380013800",
        "+0123456789",
        "+12345",
        "+1234567890123456",
        "1380013800O",
        "١٣٨٠٠١٣٨٠٠٠",
        "13800138000; drop table",
        "<b>13800138000</b>",
        "😀",
        "1" * 1_000_000,
    ],
)
def test_refuses_what_is_no_telephone_number(typed):
    with pytest.raises(phone.PhoneMalformed) as refused:
        phone.normalise(typed)
    assert isinstance(refused.value, Invalid)
    assert not refused.value.params, "a refusal must not carry the number on to logs and answers"
    assert refused.value.sentence("zh") != refused.value.sentence("en")


@given(MOBILES)
@settings(max_examples=100)
def test_normalising_twice_changes_nothing(mobile):
    once = phone.normalise(mobile)
    assert once == f"+86{mobile}"
    assert phone.normalise(once) == once
    assert phone.is_mainland(once)


def test_masks_the_middle():
    assert phone.mask("+8613800138000") == "138****8000"
    assert phone.mask("+85291234567") == "+85****4567"
    assert phone.mask("+12345678") == "+12****78"


@given(st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True))
@settings(max_examples=100)
def test_a_mask_hides_at_least_four_digits(number):
    masked = phone.mask(number)
    assert len(masked.replace("*", "").lstrip("+")) <= len(number.lstrip("+")) - 4 + 2 * number.startswith(
        "+86"
    )
    assert "****" in masked


@given(MOBILES)
def test_a_mainland_number_is_shown_as_it_is_dialled_and_others_as_they_are(number):
    assert phone.as_dialled(f"+86{number}") == number
    assert phone.as_dialled("+85291234567") == "+85291234567"
    assert phone.as_dialled("+86123") == "+86123"
