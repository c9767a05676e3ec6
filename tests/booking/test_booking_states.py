from itertools import product

import pytest

from booking import states
from booking.states import AppointmentState as State
from kernel.errors import Conflict

ALLOWED = {
    (State.BOOKED, State.CHECKED_IN),
    (State.BOOKED, State.CANCELLED),
    (State.BOOKED, State.NO_SHOW),
    (State.CHECKED_IN, State.FULFILLED),
    (State.CHECKED_IN, State.CANCELLED),
    (State.CHECKED_IN, State.NO_SHOW),
}


@pytest.mark.parametrize(("state", "target"), list(product(State, State)))
def test_only_the_written_steps_are_possible(state, target):
    assert states.can_become(state, target) == ((state, target) in ALLOWED)
    if (state, target) in ALLOWED:
        states.ensure_can_become(str(state), str(target))
        return
    with pytest.raises(states.AppointmentStateConflict) as refused:
        states.ensure_can_become(str(state), str(target))
    assert isinstance(refused.value, Conflict)
    assert states.NAMES_ZH[state] in refused.value.sentence("zh")
    assert states.NAMES_EN[target] in refused.value.sentence("en")


def test_open_and_ended_states_share_nothing():
    assert {State.BOOKED, State.CHECKED_IN} == states.OPEN
    assert {State.FULFILLED, State.CANCELLED, State.NO_SHOW} == states.ENDED
