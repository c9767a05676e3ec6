from twin.drive.lines import Lines


def test_who_comes_wakes_the_counter_that_has_rested_longest_and_can_serve_them():
    lines, woken = Lines(), []
    lines.staff(1, ("B",))
    lines.staff(2, ("A",))
    lines.staff(3, ("A", "B"))
    for number, groups in ((1, ("B",)), (2, ("A",)), (3, ("A", "B"))):
        assert lines.rest(number, groups, lambda n=number: woken.append(n))
    for _person in range(3):
        wake = lines.came("A")
        if wake is not None:
            wake()
    assert woken == [2, 3]


def test_nobody_rests_while_somebody_waits():
    lines = Lines()
    assert lines.came("A") is None
    assert not lines.rest(1, ("A",), lambda: None)


def test_who_was_called_before_the_kiosk_answered_wakes_nobody():
    lines = Lines()
    lines.called("A")
    lines.rest(1, ("A",), lambda: None)
    assert lines.came("A") is None


def test_a_leaving_counter_stays_for_people_whom_nobody_else_can_serve():
    lines = Lines()
    lines.staff(1, ("A",))
    lines.staff(2, ("B",))
    lines.came("A")
    lines.leave(1)
    assert lines.must_stay(1)
    lines.staff(3, ("A",))
    assert not lines.must_stay(1)
    lines.leave(3)
    assert lines.must_stay(1)
