"""Errors of the database may be logged: they tell what broke, never whose data it was."""

import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from kernel.db import constraint_of

NAME = "zhang-san"


@pytest.mark.parametrize(
    "second",
    [
        "INSERT INTO thing VALUES ('zhang-san', 2)",  # Key (name)=(zhang-san) already exists.
        "INSERT INTO thing VALUES ('zhang-san' || '2', NULL)",  # Failing row contains (zhang-san2, null).
    ],
)
def test_errors_carry_no_values_of_rows(session, second):
    session.execute(text("CREATE TEMPORARY TABLE thing (name text PRIMARY KEY, number int NOT NULL)"))
    session.execute(text("INSERT INTO thing VALUES (:name, 1)"), {"name": NAME})
    with pytest.raises(IntegrityError) as caught, session.begin_nested():
        session.execute(text(second))
    told = "".join(traceback.format_exception(caught.value)).replace(second, "")
    assert "violates" in told
    assert NAME not in told


def test_the_broken_constraint_is_known_all_the_same(session):
    session.execute(text("CREATE TEMPORARY TABLE thing (name text CONSTRAINT one_of_each UNIQUE)"))
    twice = text("INSERT INTO thing VALUES (:name), (:name)")
    with pytest.raises(IntegrityError) as caught, session.begin_nested():
        session.execute(twice, {"name": NAME})
    assert constraint_of(caught.value) == "one_of_each"
