import statistics
from collections import Counter
from datetime import date

import pytest

from kernel.errors import DomainError
from tests.twin.board import busy, rows, write
from twin.day_file import format_day, parse_day
from twin.warsaw import HallClosedThatDay, convert, distinct_letters, window_pools
from twin.warsaw_board import BoardDateUnknown, BoardFileInvalid, OfficeUnknown, read_office, true_dates

DAY = date(2020, 1, 15)


@pytest.fixture
def board(tmp_path):
    return write(
        tmp_path / "boards.csv.gz",
        [
            *rows(1, busy(60), name="Meldunki i dowody"),
            *rows(2, busy(30, windows=1, letter="B"), letter="A", name="Rejestracja pojazdów"),
            *rows(3, [("", 0, 2)] * 60, letter=" ", name="Do kasy"),
            *rows(4, [("", 0, 0)] * 60, letter="W", name="Wybory"),
            *rows(1, [("", 0, 2)] * 9, day="2020-01-06"),
            *rows(9, busy(5), office="UD_Other"),
        ],
    )


def made(board, **more):
    return convert(board, **{"office": "UD_Test", "on_date": DAY, "booked_share": 0.5, "seed": 1, **more})


def test_everybody_who_came_is_in_the_day(board):
    day = made(board)
    assert Counter(person.group for person in day.people) == {"A": 63, "B": 33}
    assert (day.hall_code, day.time_zone, day.on_date) == ("ud-test", "Europe/Warsaw", DAY)
    assert [group.name_zh for group in day.groups] == ["户籍与身份证", "机动车登记", "缴费排队"]
    assert day.groups[0].letter == "A"
    assert len({group.letter for group in day.groups}) == 3


def test_the_day_is_a_valid_day_file(board):
    day = made(board)
    assert parse_day(format_day(day)) == day


def test_the_same_seed_gives_the_same_day(board):
    assert made(board) == made(board)
    assert made(board) != made(board, seed=2)


def test_the_share_books_and_comes_about_its_slot(board):
    day = made(board)
    booked = [person for person in day.people if person.slot]
    assert len(booked) == pytest.approx(len(day.people) / 2, abs=12)
    assert all(person.track == "booked" for person in booked)
    offsets = [
        (p.arrives.hour - p.slot.hour) * 60 + p.arrives.minute - p.slot.minute for p in booked if p.slot
    ]
    assert -30 <= min(offsets) <= max(offsets) <= 12
    assert not [person for person in made(board, booked_share=0).people if person.slot]


def test_windows_of_the_board_are_open_and_evening_boards_are_not_believed(board):
    day = made(board)
    assert day.needs_at(9 * 60) == {"A": 2, "B": 1}
    closes = max(line.ends for line in day.open)
    assert closes.hour < 15  # the last person was called at 13:05
    assert [counter.groups for counter in day.counters][:3] == [("A",), ("A",), ("B",)]
    assert [counter.number for counter in day.counters] == list(range(1, len(day.counters) + 1))


def test_services_fit_into_the_day(board):
    day = made(board)
    for group in day.groups[:2]:
        work = sum(person.minutes for person in day.people if person.group == group.code)
        open_minutes = 30 * sum(line.counters for line in day.open if line.group == group.code)
        assert 0.3 < work / open_minutes < 1.0


def test_service_times_vary_as_real_ones_do(tmp_path):
    board = write(tmp_path / "b.csv", rows(1, busy(90, windows=4), starts=420))
    minutes = [person.minutes for person in made(board).people]
    assert statistics.stdev(minutes) / statistics.mean(minutes) == pytest.approx(0.7, abs=0.2)


def test_a_holiday_is_refused_with_another_day(board):
    with pytest.raises(HallClosedThatDay) as caught:
        made(board, on_date=date(2020, 1, 6))
    assert "2020-01-15" in caught.value.sentence("en")


def test_unknown_offices_and_dates_are_told_what_there_is(board):
    with pytest.raises(OfficeUnknown) as caught:
        made(board, office="UD_Nowhere")
    assert "UD_Other, UD_Test" in caught.value.sentence("zh")
    with pytest.raises(BoardDateUnknown) as caught:
        made(board, on_date=date(2020, 1, 8))
    assert "2020-01-06, 2020-01-15" in caught.value.sentence("en")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_text("a,b\n1,2\n"),
        lambda path: path.write_bytes(b"\xff\xfe\x00"),
        lambda path: path.unlink(),
        lambda path: write(path, ['UD_Test,noon,2020-01-15,,0,,1,2,"x",A,0,']),
        lambda path: write(path, ['UD_Test,08:00,yesterday,,0,,1,2,"x",A,0,']),
    ],
)
def test_other_files_are_refused_in_words(tmp_path, spoil):
    path = write(tmp_path / "boards.csv", rows(1, busy(3)))
    spoil(path)
    with pytest.raises(BoardFileInvalid) as caught:
        made(path)
    assert isinstance(caught.value, DomainError)
    assert "boards.csv" in caught.value.sentence("en")


def test_a_clock_that_turned_the_year_too_early_is_put_back():
    assert true_dates(["2020-12-30", "2020-12-31", "2020-01-02"]) == {
        "2020-12-30": date(2019, 12, 30),
        "2020-12-31": date(2019, 12, 31),
        "2020-01-02": date(2020, 1, 2),
    }


def test_a_clock_of_another_year_is_moved_as_a_whole():
    found = true_dates(["2012-02-09", "2012-02-10", "2012-03-03"])
    assert sorted(found.values()) == [date(2019, 12, 30), date(2019, 12, 31), date(2020, 1, 22)]


def test_a_day_with_a_wrong_year_is_found_by_its_real_date(tmp_path):
    board = write(tmp_path / "b.csv", rows(1, busy(10), day="2020-12-30"))
    assert made(board, on_date=date(2019, 12, 30)).on_date == date(2019, 12, 30)


def test_letters_are_kept_where_possible_and_always_distinct():
    assert distinct_letters(["A", "B", "A", " ", "é", "P", "P"]) == ["A", "B", "C", "D", "E", "P", "F"]
    many = distinct_letters(["A"] * 40)
    assert len(set(many)) == 40
    assert many[25:28] == ["Z", "AA", "AB"]


def test_queues_with_the_same_window_counts_share_their_windows(tmp_path):
    changing = [("", 0, 1), ("", 0, 2), ("", 0, 1)]
    steady = [("", 0, 1)] * 3
    board = write(
        tmp_path / "b.csv",
        [*rows(1, changing), *rows(2, changing), *rows(3, steady), *rows(4, steady)],
    )
    pools = window_pools(read_office(board, "UD_Test"))
    assert pools["1"] == pools["2"]
    assert len({pools["1"], pools["3"], pools["4"]}) == 3
