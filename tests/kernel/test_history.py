"""States of edited content: counted, whole, and the same one not twice."""

import pytest
from sqlalchemy.orm import Session

from kernel import history
from kernel.actor import SYSTEM
from tests.conftest import NOW

PLAN = ("plan", "city-hall")


def test_states_are_counted_and_come_newest_first(session: Session) -> None:
    history.keep(session, PLAN, {"counters": 2}, actor=SYSTEM, now=NOW)
    history.keep(session, PLAN, {"counters": 3}, actor=SYSTEM, now=NOW, note="more in summer")
    history.keep(session, ("plan", "other"), {"counters": 9}, actor=SYSTEM, now=NOW)

    kept = history.list_revisions(session, *PLAN)

    assert [(each.number, each.content, each.note) for each in kept] == [
        (2, {"counters": 3}, "more in summer"),
        (1, {"counters": 2}, ""),
    ]
    assert history.get_revision(session, *PLAN, 1).content == {"counters": 2}


def test_saving_the_same_again_keeps_nothing(session: Session) -> None:
    history.keep(session, PLAN, {"counters": 2}, actor=SYSTEM, now=NOW)

    assert history.keep(session, PLAN, {"counters": 2}, actor=SYSTEM, now=NOW) is None
    assert len(history.list_revisions(session, *PLAN)) == 1


def test_an_unknown_state_is_refused(session: Session) -> None:
    with pytest.raises(history.RevisionUnknown):
        history.get_revision(session, *PLAN, 1)
