from tests.twin.drive.people import at, served, visit
from twin.drive.checks import broken
from twin.drive.summary import by_track, figures, percentile


def test_a_booked_person_waits_from_the_slot_and_not_from_an_early_check_in():
    early = served(1, track="booked", issued=5, called=40, slot_at=at(30))
    assert early.wait == at(10) - at(0)


def test_who_checks_in_late_waits_from_the_check_in():
    late = served(1, track="booked", issued=50, called=60, slot_at=at(30), late=True)
    assert late.wait == at(10) - at(0)


def test_a_call_before_the_slot_is_no_wait():
    assert served(1, track="booked", issued=0, called=2, slot_at=at(30)).wait == at(0) - at(0)


def test_arrivals_are_served_absent_refused_or_left():
    crowd = [
        served(1, issued=0, called=10),
        served(2, issued=0, called=20, state="absent"),
        served(3, issued=0, called=0, called_at=None, state="waiting"),
        visit(4, came=True, refusal="walk_ins_stopped"),
    ]
    found = figures(crowd)
    assert (found.arrivals, found.admitted, found.served, found.absent, found.refused, found.left) == (
        4,
        3,
        1,
        1,
        1,
        1,
    )


def test_who_booked_and_never_came_is_a_no_show_and_no_arrival():
    found = figures([visit(1, track="booked", absent=True, appointment="r")])
    assert (found.arrivals, found.no_shows) == (0, 1)


def test_who_found_no_number_counts_as_a_walk_in():
    tracks = by_track([visit(1, track="booked", came=True, refusal="line_closed")])
    assert (tracks["walk_in"].arrivals, tracks["booked"].arrivals) == (1, 0)


def test_waits_are_in_minutes_and_percentiles_by_nearest_rank():
    found = figures([served(n, issued=0, called=n) for n in range(1, 11)])
    assert (found.wait_mean, found.wait_p50, found.wait_p90) == (5.5, 5, 9)
    assert percentile([], 0.9) is None


def test_the_promise_counts_only_who_was_told_a_time():
    crowd = [
        served(1, issued=0, called=10, latest_at=at(10)),
        served(2, issued=0, called=10, latest_at=at(9)),
        served(3, issued=0, called=10),
    ]
    assert figures(crowd).promise_kept == 0.5


def test_a_gap_in_the_numbers_is_found():
    assert broken([served(1, issued=0, called=1), served(3, issued=0, called=1)]) == [
        "labels_not_gapless: line A, 2 tickets up to 3"
    ]


def test_two_people_with_one_number_are_found():
    first, second = served(1, issued=0, called=1), served(1, issued=0, called=1)
    assert broken([first, second]) == ["labels_not_gapless: line A, 2 tickets up to 1"]


def test_a_person_left_in_line_is_found():
    assert broken([served(1, issued=0, called=1, state="waiting")]) == ["left_in_line: A001"]


def test_each_served_phone_is_asked_once():
    never = served(1, issued=0, called=1, phone="+8619990000001")
    twice = served(2, issued=0, called=1, phone="+8619990000002", surveys=2)
    once = served(3, issued=0, called=1, phone="+8619990000003", surveys=1)
    assert broken([never, twice, once]) == ["survey_count: A001, 0 for 1", "survey_count: A002, 2 for 1"]
