from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import Invalid
from people import identity
from people.identity import IdentityKind as Kind
from people.identity import Sex, check
from people.sample_ids import (
    DISTINCT,
    FICTIONAL_COUNTY,
    sample_foreign_permanent_resident,
    sample_passport,
    sample_residence_permit,
    sample_resident_id,
)

TODAY = date(2026, 3, 2)


def with_check(first_seventeen):
    return first_seventeen + identity.check_character(first_seventeen)


def test_reads_place_birth_and_sex_from_a_resident_number():
    # The example that GB 11643 itself gives.
    found = check("resident_id", "11010519491231002X", today=TODAY)
    assert found == identity.Identity(
        Kind.RESIDENT_ID, "11010519491231002X", date(1949, 12, 31), Sex.FEMALE, "110105"
    )
    assert check("resident_id", with_check("44052419800101001"), today=TODAY).sex is Sex.MALE


@pytest.mark.parametrize(
    "typed",
    [
        "11010519491231002x",
        " 110105 19491231 002X ",
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105-19491231-002ｘ",
        "11010519491231002×",
        "\u200b11010519491231002X",
    ],
)
def test_understands_a_number_however_it_is_typed(typed):
    assert check("resident_id", typed, today=TODAY).number == "11010519491231002X"


@given(st.integers(0, DISTINCT - 1), st.integers(0, 17), st.sampled_from("0123456789X"))
@settings(max_examples=400)
def test_every_single_character_slip_is_caught(seed, position, wrong):
    number = sample_resident_id(seed)
    slipped = number[:position] + wrong + number[position + 1 :]
    if slipped == number:
        assert check("resident_id", slipped, today=TODAY).number == number
        return
    with pytest.raises(Invalid):
        check("resident_id", slipped, today=TODAY)


@given(st.integers(0, DISTINCT - 1), st.integers(0, 15))
@settings(max_examples=200)
def test_every_swap_of_neighbours_is_caught(seed, position):
    number = sample_resident_id(seed)
    left, right = number[position], number[position + 1]
    if left == right:
        return
    with pytest.raises(Invalid):
        check("resident_id", number[:position] + right + left + number[position + 2 :], today=TODAY)


def test_a_wrong_check_character_is_told_apart_from_a_wrong_format():
    with pytest.raises(identity.IdentityChecksumWrong):
        check("resident_id", "110105194912310021", today=TODAY)
    for malformed in ("", "110105491231002", "1101051949123100", "A10105194912310020", "010105194912310020"):
        with pytest.raises(identity.IdentityMalformed):
            check("resident_id", malformed, today=TODAY)


@pytest.mark.parametrize("born", ["19490229", "20260303", "21000101", "18950101", "19901301", "00000101"])
def test_refuses_a_birth_date_that_cannot_be(born):
    with pytest.raises(identity.IdentityBirthImpossible):
        check("resident_id", with_check(f"110105{born}002"), today=TODAY)


def test_accepts_a_child_born_today():
    assert check("resident_id", with_check("11010520260302002"), today=TODAY).birth_on == TODAY


def test_keeps_abolished_counties_but_not_provinces_that_never_were():
    assert check("resident_id", with_check("51022119600101001"), today=TODAY).county == "510221"
    for nowhere in ("160101", "890101", "840000", "810001"):
        with pytest.raises(identity.IdentityMalformed):
            check("resident_id", with_check(f"{nowhere}19600101001"), today=TODAY)


@pytest.mark.parametrize("county", ["810000", "820000", "830000"])
def test_accepts_residence_permits_of_hong_kong_macao_and_taiwan(county):
    number = sample_residence_permit(7, county=county)
    found = check("hmt_residence_permit", number, today=TODAY)
    assert (found.kind, found.county, found.number) == (Kind.HMT_RESIDENCE_PERMIT, county, number)
    assert found.birth_on is not None


def test_accepts_the_permanent_residence_card_of_2023_and_the_one_before():
    sample = check("foreign_permanent_resident", "932682198501010017", today=TODAY)
    assert sample.birth_on == date(1985, 1, 1)
    assert sample.county is None
    assert check("foreign_permanent_resident", "CAN310085010112", today=TODAY).number == "CAN310085010112"
    with pytest.raises(identity.IdentityChecksumWrong):
        check("foreign_permanent_resident", "932682198501010018", today=TODAY)
    with pytest.raises(identity.IdentityBirthImpossible):
        check("foreign_permanent_resident", with_check("93268220270101001"), today=TODAY)


@pytest.mark.parametrize("claimed", ["resident_id", "hmt_residence_permit", "foreign_permanent_resident"])
def test_the_number_decides_which_card_it_is_on(claimed):
    assert check(claimed, sample_resident_id(1), today=TODAY).kind is Kind.RESIDENT_ID
    assert check(claimed, sample_residence_permit(1), today=TODAY).kind is Kind.HMT_RESIDENCE_PERMIT
    foreigner = sample_foreign_permanent_resident(1)
    assert check(claimed, foreigner, today=TODAY).kind is Kind.FOREIGN_PERMANENT_RESIDENT


@pytest.mark.parametrize(
    ("kind", "typed", "number"),
    [
        ("passport_cn", "e12345678", "E12345678"),
        ("passport_cn", "EA1234567", "EA1234567"),
        ("passport_cn", "SE1234567", "SE1234567"),
        ("passport_foreign", "x1234567", "X1234567"),
        ("passport_foreign", "530 123 456", "530123456"),
        ("home_return_permit", "h12345678", "H12345678"),
        ("home_return_permit", "M1234567801", "M12345678"),
        ("taiwan_compatriot_permit", "１２３４５６７８", "12345678"),
        ("hk_macao_travel_permit", "C12345678", "C12345678"),
        ("hk_macao_travel_permit", "CA1234567", "CA1234567"),
        ("taiwan_travel_permit", "L12345678", "L12345678"),
    ],
)
def test_accepts_travel_documents_by_their_format(kind, typed, number):
    found = check(kind, typed, today=TODAY)
    assert (found.kind, found.number, found.doubtful) == (Kind(kind), number, False)
    assert found.birth_on is found.sex is found.county is None


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("passport_cn", "X12345678"),
        ("passport_cn", "E1234567"),
        ("passport_foreign", "1234"),
        ("passport_foreign", "A" * 18),
        ("passport_foreign", "12345<script>"),
        ("passport_foreign", "护照12345"),
        ("home_return_permit", "H1234567"),
        ("home_return_permit", "12345678"),
        ("taiwan_compatriot_permit", "T12345678"),
        ("hk_macao_travel_permit", "L12345678"),
        ("taiwan_travel_permit", "C12345678"),
        ("passport_foreign", "1" * 1_000_000),
        ("resident_id", "11010519491231002X" + " " * 1_000),
        ("resident_id", "' or 1=1 --"),
        ("resident_id", "😀" * 18),
        ("resident_id", "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X"),
    ],
)
def test_refuses_what_fits_no_document_and_does_not_repeat_it(kind, typed):
    with pytest.raises(identity.IdentityMalformed) as refused:
        check(kind, typed, today=TODAY)
    assert typed not in str(refused.value.params)
    assert identity.NAMES_ZH[Kind(kind)] in refused.value.sentence("zh")
    assert identity.NAMES_EN[Kind(kind)] in refused.value.sentence("en")


@pytest.mark.parametrize("unusual", ["12345", "ABCDEF", "A123456789012"])
def test_an_unusual_foreign_passport_is_doubted_not_refused(unusual):
    assert check("passport_foreign", unusual, today=TODAY).doubtful


def test_refuses_an_unknown_kind():
    with pytest.raises(identity.IdentityKindUnknown):
        check("library_card", "1", today=TODAY)


def test_every_kind_has_a_name_in_both_languages():
    assert set(identity.NAMES_ZH) == set(identity.NAMES_EN) == set(Kind)


def test_sample_numbers_repeat_from_a_seed_and_never_collide():
    numbers = [sample_resident_id(seed) for seed in range(20_000)]
    assert len(set(numbers)) == len(numbers)
    assert numbers[:100] == [sample_resident_id(seed) for seed in range(100)]
    assert {number[:6] for number in numbers} == {FICTIONAL_COUNTY}
    assert {check("resident_id", number, today=TODAY).sex for number in numbers[:50]} == set(Sex)
    assert check("passport_cn", sample_passport(3), today=TODAY).number == sample_passport(3)
    assert sample_resident_id(5, birth_on=date(1990, 2, 28))[6:14] == "19900228"


def test_masks_hide_birth_date_and_check_character():
    assert identity.mask("11010519491231002X") == "110*************2X"
    assert identity.mask("E12345678") == "E******78"
    assert identity.mask("12") == "**"
    assert "1949" not in identity.mask("11010519491231002X")


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("张三丰", "张**"),
        ("欧阳娜娜", "欧**"),
        ("阿卜杜拉·买买提", "阿**"),
        ("张", "张*"),
        ("Anna Karenina", "A***"),
        ("  ", ""),
    ],
)
def test_masks_names_to_the_first_character(name, masked):
    assert identity.mask_name(name) == masked
