import pytest
from hypothesis import given
from hypothesis import strategies as st

from halls.distance import Point, kilometres, parse_coarse

POINTS = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


def test_a_degree_of_latitude_is_a_sixtieth_of_it_a_nautical_mile_each():
    assert kilometres(Point(30, 120), Point(31, 120)) == pytest.approx(60 * 1.852, rel=0.002)


def test_a_known_distance():
    # Beijing to Shanghai, airport PEK to SHA, as airlines give it.
    assert kilometres(Point(40.0725, 116.5975), Point(31.1979, 121.3363)) == pytest.approx(1076, abs=5)


@given(POINTS, POINTS)
def test_it_is_as_far_back_and_never_beyond_half_the_earth(one, other):
    there = kilometres(one, other)
    assert there == pytest.approx(kilometres(other, one), abs=1e-6)
    assert 0 <= there <= 20016


@given(POINTS)
def test_nowhere_is_far_from_itself(one):
    assert kilometres(one, one) == pytest.approx(0, abs=1e-6)


def test_a_position_keeps_about_a_kilometre_whatever_was_sent():
    assert parse_coarse("30.274151,120.155149") == Point(30.27, 120.16)
    there = Point(30.274151, 120.155149)
    assert kilometres(there, parse_coarse("30.274151,120.155149")) < 1


@pytest.mark.parametrize(
    "text",
    ["", "30", "30,120,5", "a,b", "91,0", "0,181", "nan,0", "inf,0", "1e999,0", "3" * 50 + ",1", "30;120"],
)
def test_what_is_no_position_is_nothing(text):
    assert parse_coarse(text) is None
