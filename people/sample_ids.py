"""PURE: numbers of documents that belong to nobody, for tests and the demonstration city.

They pass every check, and the resident numbers lie in a county that does not exist (449901). The same
seed gives the same number, and seeds below `DISTINCT` give different ones.
"""

from datetime import date, timedelta

from people.identity import check_character

FICTIONAL_COUNTY = "449901"
_FIRST_BIRTH_ON = date(1950, 1, 1)
_BIRTH_DAYS = (date(2006, 1, 1) - _FIRST_BIRTH_ON).days
_SEQUENCES = 999
DISTINCT = _BIRTH_DAYS * _SEQUENCES
_STRIDE = 7_368_787  # shares no factor with DISTINCT, so that seeds are scattered but never collide


def sample_resident_id(seed: int, *, birth_on: date | None = None) -> str:
    """A resident ID number; with `birth_on` only 999 seeds differ."""
    return _eighteen(FICTIONAL_COUNTY, seed, birth_on)


def sample_residence_permit(seed: int, *, county: str = "810000", birth_on: date | None = None) -> str:
    """A residence permit of Hong Kong (810000), Macao (820000) or Taiwan (830000)."""
    return _eighteen(county, seed, birth_on)


def sample_foreign_permanent_resident(seed: int, *, birth_on: date | None = None) -> str:
    """A permanent residence card of 2023: 9, region 44, country 999 (nobody's)."""
    return _eighteen("944999", seed, birth_on)


def sample_passport(seed: int) -> str:
    """A Chinese passport of a series that is not issued yet (EZ)."""
    return f"EZ{seed * 3_333_333 % 10_000_000:07d}"


def _eighteen(place: str, seed: int, birth_on: date | None) -> str:
    scattered = seed * _STRIDE % DISTINCT
    days, sequence = divmod(scattered, _SEQUENCES)
    born = birth_on or _FIRST_BIRTH_ON + timedelta(days=days)
    first_seventeen = f"{place}{born:%Y%m%d}{sequence + 1:03d}"
    return first_seventeen + check_character(first_seventeen)
