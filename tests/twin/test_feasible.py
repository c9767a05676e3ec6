from twin.feasible import Staffing, feasible_mean, refused

# One counter 08:00-12:00.
MORNING = Staffing((0,) * 16 + (1,) * 8)


def test_a_mean_that_fits_stays_as_it_is():
    arrivals = [480.0 + 20 * at for at in range(8)]
    assert feasible_mean(10.0, arrivals, [1.0] * 8, MORNING) == 10.0


def test_a_mean_that_does_not_fit_is_shortened_until_it_does():
    arrivals = [480.0 + 4 * at for at in range(50)]
    mean = feasible_mean(10.0, arrivals, [1.0] * 50, MORNING)
    assert 1.0 <= mean < 5.0
    assert refused(mean, arrivals, [1.0] * 50, MORNING) <= 1


def test_who_comes_after_closing_is_refused():
    assert refused(5.0, [800.0], [1.0], MORNING) == 1
    assert refused(5.0, [470.0], [1.0], MORNING) == 0


def test_counter_time_is_counted_to_the_minute():
    assert MORNING.after(495) == 225
    assert MORNING.after(0) == 240
    assert MORNING.next_open(100) == 480
    assert MORNING.next_open(720) is None
