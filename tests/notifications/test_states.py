from datetime import timedelta

import pytest

from notifications.retry import delay_after, lookup_delay_after
from notifications.states import FATES, FINAL, OPEN, WAITING, Fate, MessageState, after_receipt

S = MessageState


@pytest.mark.parametrize("state", sorted(FINAL - {S.UNDETERMINED}))
@pytest.mark.parametrize("fate", Fate)
def test_what_ended_stays_ended(state, fate):
    assert after_receipt(state, fate) is None


@pytest.mark.parametrize("state", sorted(OPEN))
def test_a_delivery_receipt_settles_every_doubt(state):
    assert after_receipt(state, Fate.DELIVERED) is S.DELIVERED
    assert after_receipt(state, Fate.UNDELIVERED) is S.UNDELIVERED


def test_any_receipt_proves_that_the_provider_has_it():
    for state in (S.SENDING, S.UNKNOWN, S.RETRY):
        assert after_receipt(state, Fate.UNDERWAY) is S.ACCEPTED
    assert after_receipt(S.ACCEPTED, Fate.UNDERWAY) is None


def test_waiting_and_final_states_do_not_overlap():
    assert not WAITING & FINAL
    assert set(FATES.values()) == set(Fate)


def test_waits_longer_each_time_and_never_shorter_than_asked():
    waits = [delay_after(attempt, 0.5) for attempt in range(1, 12)]
    assert waits[:3] == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(minutes=10)
    assert delay_after(1, 0.0, wanted=timedelta(minutes=5)) == timedelta(minutes=5)
    assert delay_after(1, 0.0) < delay_after(1, 0.99)


def test_looks_up_soon_and_then_ever_more_seldom():
    assert lookup_delay_after(0) == timedelta(seconds=1)
    assert lookup_delay_after(20) == timedelta(minutes=1)
