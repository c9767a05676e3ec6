from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from runtime.due_times import Daily, Every, due_times

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT_TWO = Daily(time(2))


def local(day, clock):
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def test_a_daily_job_is_due_once_its_time_has_come():
    last = local(1, "02:00")
    assert due_times(AT_TWO, last=last, now=local(2, "01:59"), tz=SHANGHAI) == []
    assert due_times(AT_TWO, last=last, now=local(2, "02:00"), tz=SHANGHAI) == [local(2, "02:00")]
    assert due_times(AT_TWO, last=local(2, "02:00"), now=local(2, "23:59"), tz=SHANGHAI) == []


def test_a_program_that_starts_does_the_newest_only():
    closing = Daily(time(23), catch_up=7)
    assert due_times(closing, last=None, now=local(10, "08:00"), tz=SHANGHAI) == [local(9, "23:00")]


def test_missed_days_are_made_up_for_as_far_as_the_job_says():
    closing = Daily(time(23), catch_up=3)
    found = due_times(closing, last=local(1, "23:00"), now=local(10, "08:00"), tz=SHANGHAI)
    assert found == [local(7, "23:00"), local(8, "23:00"), local(9, "23:00")]
    assert due_times(AT_TWO, last=local(1, "02:00"), now=local(10, "08:00"), tz=SHANGHAI) == [
        local(10, "02:00")
    ]


def test_a_job_every_some_minutes_runs_at_their_multiples():
    every = Every(minutes=15)
    now = datetime(2026, 3, 2, 0, 31, 5, tzinfo=UTC)
    at = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
    assert due_times(every, last=None, now=now, tz=SHANGHAI) == [at]
    assert due_times(every, last=at, now=now, tz=SHANGHAI) == []
    assert due_times(every, last=at - timedelta(hours=5), now=now, tz=SHANGHAI) == [at]


def test_follows_the_halls_clock_over_a_change_of_time():
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert due_times(Daily(time(9)), last=None, now=now, tz=berlin) == [datetime(2026, 3, 29, 7, tzinfo=UTC)]
