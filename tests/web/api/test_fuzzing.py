import pytest

from tests.web.api.fuzzing import fuzz


def _known(town):
    """A hall that exists, its counter, and a ticket."""
    ticket = town.issue()
    facts = {"code": town.hall, "number": 1, "label": ticket["label"], "reference": ticket["reference"]}
    facts |= {"closure_id": 1, "kind": "services"}  # where one part of an address exists, all do
    return {f"path.{name}": value for name, value in facts.items()}


def test_schemathesis_finds_nothing_in_a_short_run(town):
    made, wrong = fuzz(town, seconds=30, examples=2, known={}, cover=False)
    assert wrong == []
    assert made > 50


@pytest.mark.faults
def test_schemathesis_finds_nothing_in_a_minute(town):
    """Half of it asks about a hall, a counter and a ticket that exist."""
    for known in ({}, _known(town)):
        made, wrong = fuzz(town, seconds=30, examples=20, known=known, cover=bool(known))
        assert wrong == []
        assert made > 100
