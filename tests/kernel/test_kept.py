from kernel.kept import Kept


class Time:
    def __init__(self):
        self.at = 100.0

    def __call__(self):
        return self.at


def test_a_value_is_made_once_and_again_when_it_is_too_old():
    time, made = Time(), []
    kept = Kept(0.5, monotonic=time)

    def make():
        made.append(time.at)
        return len(made)

    assert (kept.get("a", make), kept.get("a", make), kept.get("b", make)) == (1, 1, 2)
    time.at += 0.5
    assert kept.get("a", make) == 3


def test_an_age_counts_from_before_the_value_was_made():
    time = Time()
    kept = Kept(0.5, monotonic=time)

    def make_slowly():
        time.at += 0.4
        return "slow"

    kept.get("a", make_slowly)
    time.at += 0.1
    assert kept.get("a", lambda: "new") == "new"


def test_what_could_not_be_made_is_tried_again():
    kept = Kept(60.0)

    def fail():
        raise ValueError

    for make in (fail, fail):
        try:
            kept.get("a", make)
        except ValueError:
            continue
        raise AssertionError
    assert kept.get("a", lambda: 1) == 1


def test_no_more_are_kept_than_allowed():
    kept = Kept(60.0, most=2)
    for number in range(10):
        assert kept.get(number, lambda number=number: number) == number
    assert kept.get(9, lambda: "kept no more") == 9
    assert kept.get(0, lambda: "made again") == "made again"
