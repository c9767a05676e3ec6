from datetime import date

from twin.warsaw_flow import Reading, flows, minutes_per_call


def queue(*readings, starts=485):
    """(number called, waiting, windows), five minutes apart."""
    return flows(
        [
            Reading(date(2020, 1, 15), starts + 5 * at, "1", "A", "A", windows, waiting, called)
            for at, (called, waiting, windows) in enumerate(readings)
        ]
    )


def calls(*readings, **more):
    return [flow.calls for flow in queue(*readings, **more)]


def arrivals(*readings, **more):
    return [flow.arrivals for flow in queue(*readings, **more)]


def test_calls_and_arrivals_are_changes_of_number_and_of_people_waiting():
    day = (("A001", 4, 2), ("A003", 4, 2), ("A005", 2, 2))
    assert calls(*day) == [1, 2, 2]
    assert arrivals(*day) == [5, 2, 0]


def test_a_blank_number_means_that_the_last_one_stands():
    assert calls(("A001", 0, 1), ("", 0, 1), ("", 1, 1), ("A003", 0, 1)) == [1, 0, 0, 2]
    assert sum(arrivals(("A001", 0, 1), ("", 0, 1), ("", 1, 1), ("A003", 0, 1))) == 3


def test_a_number_called_again_or_out_of_order_is_no_call():
    assert calls(("H017", 0, 1), ("H015", 0, 1), ("H018", 0, 1)) == [5, 0, 1]
    assert calls(("A001", 0, 1), ("A002", 0, 1), ("A001", 0, 1), ("A003", 0, 1)) == [1, 1, 0, 1]


def test_a_series_that_starts_above_one_does_not_invent_people():
    assert calls(("P201", 0, 1), ("P202", 0, 1)) == [1, 1]
    assert calls(("P500", 0, 1), ("P501", 0, 1)) == [1, 1]


def test_two_series_in_one_queue_are_followed_apart():
    assert calls(("A001", 0, 2), ("A901", 0, 2), ("A002", 0, 2), ("A903", 0, 2), ("A004", 0, 2)) == [
        1,
        1,
        1,
        2,
        2,
    ]
    assert calls(("A001", 0, 2), ("K001", 0, 2), ("A002", 0, 2)) == [1, 1, 1]


def test_skipped_numbers_count_no_more_calls_than_windows_can_make():
    assert calls(("A001", 0, 1), ("A039", 0, 1)) == [1, 5]


def test_a_series_runs_on_past_a_hundred():
    assert sum(calls(*[(f"A{number:03}", 0, 1) for number in range(96, 106)], starts=900)[1:]) == 9


def test_a_number_shown_late_does_not_count_arrivals_twice():
    # Two people are called, but the board shows it only a poll later.
    assert arrivals(("A005", 6, 2), ("A005", 4, 2), ("A007", 4, 2)) == [11, 0, 0]


def test_people_who_leave_uncalled_have_come_all_the_same():
    assert sum(arrivals(("A001", 5, 1), ("A001", 0, 1), ("A001", 0, 1))) == 6


def test_two_readings_of_one_minute_are_one():
    twice = flows([Reading(date(2020, 1, 15), 485, "1", "A", "A", 1, 0, f"A00{n}") for n in (1, 2)])
    assert [(flow.calls, flow.starts, flow.ends) for flow in twice] == [(2, 480, 485)]


def test_minutes_per_call_count_only_while_someone_waits():
    day = queue(("A001", 2, 2), ("A002", 1, 2), ("A003", 0, 2), ("", 0, 2))
    assert minutes_per_call([day]) == 2 * 10 / 2


def test_windows_shared_by_queues_count_once():
    one, two = queue(("A001", 2, 2), ("A002", 2, 2)), queue(("B001", 0, 2), ("B002", 0, 2))
    assert minutes_per_call([one, two]) == 2 * 10 / 4
    assert minutes_per_call([queue(("", 0, 1))]) is None
