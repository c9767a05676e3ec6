from datetime import timedelta

import pytest

from queueing.busy import Level, level_of, lines_now, waiting_by_hall
from tests.build import at, make_counter, make_group, make_hall, make_plan, make_ticket


@pytest.mark.parametrize(
    ("minutes", "level"),
    [(0, Level.QUIET), (15, Level.QUIET), (16, Level.MODERATE), (40, Level.MODERATE), (41, Level.BUSY)],
)
def test_the_word_follows_from_how_long_people_would_wait(minutes, level):
    assert level_of(timedelta(minutes=minutes), is_over=False) is level


def test_no_number_now_is_not_the_same_as_closed():
    assert level_of(None, is_over=False) is Level.FULL
    assert level_of(None, is_over=True) is Level.OVER


def test_lines_tell_what_the_kiosk_would(session):
    hall = make_hall(session)
    group, resting = make_group(session, hall), make_group(session, hall, "B")
    make_plan(session, group, counters=1)
    make_counter(session, hall, [group])
    quiet, over = lines_now(session, hall.id, now=at("10:00"))
    assert (quiet.group_id, quiet.waiting, quiet.level) == (group.id, 0, Level.QUIET)
    assert (over.group_id, over.level) == (resting.id, Level.OVER)
    for ordinal in range(1, 9):
        make_ticket(session, group, ordinal)
    busy = lines_now(session, hall.id, now=at("10:00"))[0]
    assert busy.waiting == 8
    assert busy.level is Level.BUSY
    assert busy.high_min > 40
    assert busy.low_min < busy.high_min


def test_halls_are_counted_each_by_its_own_day(session):
    one, other = make_hall(session), make_hall(session)
    group = make_group(session, one)
    for ordinal in (1, 2):
        make_ticket(session, group, ordinal)
    make_ticket(session, group, 3, state="completed")
    make_ticket(session, group, 4, on_date=at("10:00").date() - timedelta(days=1))
    assert waiting_by_hall(session, [one, other], now=at("10:00")) == {one.id: 2}
