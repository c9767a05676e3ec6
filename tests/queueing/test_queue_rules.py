"""Keys, recall, states, labels and the policy's numbers."""

from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queueing.keys import (
    CheckIn,
    Punctuality,
    check_in_window,
    green_key,
    half_day_ends_at,
    judge_check_in,
    late_key,
    standby_key,
    walk_in_key,
)
from queueing.labels import label_of, next_ordinal, parse_label
from queueing.policy import DEFAULT_POLICY, PolicyInvalid, QueuePolicy
from queueing.recall import (
    NextStep,
    Return,
    SecondChance,
    Step,
    calls_to_wait,
    missed_at,
    next_step,
    reinstate,
)
from queueing.states import AT_COUNTER, FINAL, TRANSITIONS, TicketState, TransitionRefused, can_become, ensure
from tests.ticket_drawing import drawing, ends

TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
NOON = TEN + timedelta(hours=3)
HALL = timezone(timedelta(hours=8))


def at(minutes):
    return TEN + timedelta(minutes=minutes)


def arrive(minutes):
    return judge_check_in(TEN, at(minutes), half_day_ends_at=NOON)


class TestKeys:
    def test_the_check_in_window_is_thirty_before_to_fifteen_after(self):
        assert check_in_window(TEN) == (at(-30), at(15))

    @pytest.mark.parametrize("minutes", [-30, -9, 0, 15])
    def test_a_check_in_within_the_window_has_the_slot_as_key(self, minutes):
        assert arrive(minutes) == CheckIn(Punctuality.ON_TIME, TEN)
        assert not arrive(minutes).late

    def test_an_earlier_check_in_is_too_early_and_would_not_gain_anything(self):
        assert arrive(-31) == CheckIn(Punctuality.TOO_EARLY, TEN)

    def test_a_later_check_in_is_due_fifteen_minutes_after_it(self):
        assert arrive(16) == CheckIn(Punctuality.LATE, at(31))
        assert arrive(16).late

    def test_a_check_in_beyond_the_half_day_has_no_key(self):
        assert arrive(179).late
        assert arrive(180) == CheckIn(Punctuality.TOO_LATE, None)

    def test_the_half_day_ends_at_the_noon_of_the_hall_or_at_closing(self):
        morning, afternoon = (datetime(2026, 3, 2, hour, tzinfo=HALL) for hour in (10, 14))
        closes_at = datetime(2026, 3, 2, 17, tzinfo=HALL)
        assert half_day_ends_at(morning.astimezone(UTC), closes_at=closes_at, zone=HALL) == datetime(
            2026, 3, 2, 13, tzinfo=HALL
        )
        assert half_day_ends_at(afternoon, closes_at=closes_at, zone=HALL) == closes_at
        assert half_day_ends_at(morning, closes_at=morning + timedelta(hours=2), zone=HALL).hour == 12

    def test_the_other_tracks(self):
        assert walk_in_key(at(40)) == at(40)
        assert green_key(TEN) == standby_key(TEN) == TEN
        assert late_key(TEN) == at(15)


class TestRecall:
    @staticmethod
    def after(recalls, last=0, **policy):
        """What follows so many recalls, the last call made `last` seconds after the first; in seconds."""
        numbers = QueuePolicy.from_mapping({f"{name}_seconds": value for name, value in policy.items()})
        last_called_at = TEN + timedelta(seconds=last)
        step = next_step(TEN, last_called_at=last_called_at, recalls=recalls, policy=numbers)
        return None if step is None else (step.what, (step.at - TEN).total_seconds())

    def test_calls_are_repeated_after_45_and_90_seconds_and_fail_after_150(self):
        assert self.after(0) == (Step.RECALL, 45)
        assert self.after(1, last=45) == (Step.RECALL, 90)
        assert self.after(2, last=90) == (Step.ABSENT, 150)
        assert next_step(TEN, last_called_at=TEN, recalls=0) == NextStep(Step.RECALL, at(0.75))

    def test_a_call_repeated_by_hand_counts_and_moves_the_next(self):
        assert self.after(1, last=40) == (Step.RECALL, 90)
        assert self.after(1, last=60) == (Step.RECALL, 105)
        assert self.after(2, last=20) == (Step.ABSENT, 150)
        assert self.after(5, last=140) == (Step.ABSENT, 200)

    def test_zero_leaves_it_to_the_officer(self):
        assert self.after(1, absent_after=0) == (Step.RECALL, 90)
        assert self.after(2, last=90, absent_after=0) is None
        assert self.after(0, second_call_after=0, third_call_after=0) == (Step.ABSENT, 150)
        assert self.after(0, second_call_after=0) == (Step.RECALL, 90)
        assert missed_at(TEN, QueuePolicy(absent_after=timedelta(0))) == at(2.5)

    @staticmethod
    def back(minutes, **more):
        facts = {"reinstated_before": 0, "booked": False, "calls_made": 40, "half_day_ends_at": NOON} | more
        return reinstate(absent_at=TEN, now=at(minutes), **facts)

    @pytest.mark.parametrize("booked", [True, False])
    @pytest.mark.parametrize("minutes", [0, 30])
    def test_within_thirty_minutes_it_waits_again_after_the_next_three_calls(self, booked, minutes):
        assert self.back(minutes, booked=booked) == SecondChance(Return.REINSERTED, reinsert_after_call=43)

    def test_only_once_then_a_walk_in_takes_a_new_number(self):
        assert self.back(5, reinstated_before=1) == SecondChance(Return.NEW_NUMBER)

    def test_only_once_then_a_booked_person_is_late(self):
        chance = self.back(5, reinstated_before=1, booked=True)
        assert chance == SecondChance(Return.AS_LATE, due_at=at(20))

    def test_after_more_than_thirty_minutes_it_is_as_after_a_second_absence(self):
        assert self.back(31) == SecondChance(Return.NEW_NUMBER)
        assert self.back(31, booked=True) == SecondChance(Return.AS_LATE, due_at=at(46))

    def test_a_booked_person_beyond_the_half_day_takes_a_new_number(self):
        assert self.back(200, booked=True) == SecondChance(Return.NEW_NUMBER)

    def test_calls_to_wait_count_down_and_stop_at_none(self):
        assert [calls_to_wait(43, calls_made=made) for made in (40, 42, 43, 50)] == [3, 1, 0, 0]
        assert calls_to_wait(None, calls_made=5) == 0


class TestStates:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("waiting", "called"),
            ("called", "serving"),
            ("serving", "completed"),
            ("called", "waiting"),
            ("called", "absent"),
            ("absent", "waiting"),
            ("serving", "waiting"),
            ("serving", "parked"),
            ("parked", "serving"),
        ],
    )
    def test_allows_what_people_do(self, before, after):
        ensure(TicketState(before), TicketState(after))

    @pytest.mark.parametrize(
        ("before", "after"),
        [("waiting", "completed"), ("called", "parked"), ("called", "completed"), ("absent", "serving")],
    )
    def test_refuses_to_skip_a_state(self, before, after):
        with pytest.raises(TransitionRefused, match=f"{before} cannot become {after}"):
            ensure(TicketState(before), TicketState(after))

    def test_only_an_undo_leaves_a_final_state_and_every_other_reaches_one(self):
        undone = {
            arrow for arrow, verbs in TRANSITIONS.items() if all(each.startswith("undo_") for each in verbs)
        }
        assert (TicketState.COMPLETED, TicketState.SERVING) in undone
        starts = {before for before, _ in set(TRANSITIONS) - undone}
        assert starts == set(TicketState) - FINAL
        ending = set(FINAL)
        for _ in TicketState:
            ending |= {before for before, after in set(TRANSITIONS) - undone if after in ending}
        assert ending == set(TicketState)

    def test_no_state_becomes_itself_and_every_arrow_has_a_verb(self):
        assert not any(can_become(state, state) for state in TicketState)
        assert all(TRANSITIONS.values())

    def test_a_counter_holds_a_called_or_a_served_ticket(self):
        assert {"called", "serving"} == AT_COUNTER

    def test_the_drawing_in_the_documentation_has_the_same_arrows(self):
        assert drawing() == {(str(a), str(b)): verbs for (a, b), verbs in TRANSITIONS.items()}
        assert ends() == FINAL


class TestLabels:
    @pytest.mark.parametrize(
        ("ordinal", "label"), [(1, "A001"), (23, "A023"), (999, "A999"), (1000, "A1000"), (9999, "A9999")]
    )
    def test_a_letter_and_three_digits_four_after_999(self, ordinal, label):
        assert label_of("A", ordinal) == label
        assert parse_label(f" {label.lower()} ") == ("A", ordinal)

    @pytest.mark.parametrize(
        ("letter", "ordinal"), [("a", 1), ("AB", 1), ("", 1), ("户", 1), ("A", 0), ("A", 10000)]
    )
    def test_refuses_what_no_label_can_say(self, letter, ordinal):
        with pytest.raises(ValueError, match=r"letter|numbers"):
            label_of(letter, ordinal)

    @pytest.mark.parametrize("text", ["", "A1", "A000", "A0012", "023", "AA023", "A023x", "A٠٢٣"])
    def test_reads_no_label_where_there_is_none(self, text):
        assert parse_label(text) is None

    def test_ordinals_go_up_by_one_from_one(self):
        assert (next_ordinal(None), next_ordinal(0), next_ordinal(41)) == (1, 1, 42)


class TestPolicy:
    def test_the_defaults_are_those_of_the_rule(self):
        policy = DEFAULT_POLICY
        assert (policy.promise_efficiency, policy.admission_efficiency, policy.admission_z) == (
            0.88,
            0.95,
            1.645,
        )
        assert (policy.green_run, policy.return_every, policy.reinsert_after_calls) == (2, 3, 3)
        assert policy.minimum_promise == timedelta(minutes=20)

    def test_what_a_hall_did_not_set_keeps_its_default(self):
        policy = QueuePolicy.from_mapping(
            {"green_run": 3, "absent_after_seconds": 200, "half_day_splits_at": "12:30"}
        )
        assert policy == QueuePolicy(
            green_run=3, absent_after=timedelta(seconds=200), half_day_splits_at=time(12, 30)
        )
        assert QueuePolicy.from_mapping({}) == DEFAULT_POLICY

    @given(
        st.builds(
            QueuePolicy,
            discipline=st.sampled_from(["promise", "fifo", "strict", "accumulating"]),
            admission_z=st.floats(0, 4),
            green_run=st.integers(1, 20),
            late_delay=st.integers(0, 7200).map(lambda seconds: timedelta(seconds=seconds)),
        )
    )
    def test_survives_storage(self, policy):
        assert QueuePolicy.from_mapping(policy.as_mapping()) == policy

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("promise_efficiency", 1.2),
            ("promise_efficiency", "0.9"),
            ("promise_efficiency", True),
            ("promise_efficiency", float("nan")),
            ("green_run", 0),
            ("green_run", 2.5),
            ("minimum_promise_seconds", -1),
            ("minimum_promise_seconds", 1e300),
            ("minimum_promise_seconds", float("nan")),
            ("absent_after_seconds", 60),
            ("half_day_splits_at", "noon"),
            ("discipline", "random"),
            ("discipline", None),
            ("eta", 0.9),
        ],
    )
    def test_refuses_and_names_what_makes_no_sense(self, name, value):
        with pytest.raises(PolicyInvalid) as refused:
            QueuePolicy.from_mapping({name: value})
        assert refused.value.name in {name, name.removesuffix("_seconds")}
