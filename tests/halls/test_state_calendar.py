from datetime import date

from halls.state_calendar import is_announced, state_calendar, state_exceptions
from halls.workdays import next_working_days

# From the General Office's notice for 2026.
WORKED_WEEKENDS = {
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
}


def test_weekends_worked_in_exchange_are_working_days():
    exceptions = state_exceptions(2026, 2026)
    assert {day for day, worked in exceptions.items() if worked} == WORKED_WEEKENDS
    calendar = state_calendar(2026, 2026)
    assert all(calendar.is_working(day) for day in WORKED_WEEKENDS)


def test_the_spring_festival_is_nine_days_off():
    calendar = state_calendar(2026, 2026)
    assert not any(calendar.is_working(date(2026, 2, day)) for day in range(15, 24))
    assert next_working_days(date(2026, 2, 13), 2, calendar) == [date(2026, 2, 14), date(2026, 2, 24)]


def test_a_range_of_years_holds_only_its_own_days():
    assert {day.year for day in state_exceptions(2025, 2026)} == {2025, 2026}


def test_the_editable_table_wins():
    table = {date(2026, 2, 14): False, date(2026, 2, 16): True, date(2026, 7, 8): False}
    calendar = state_calendar(2026, 2026, table=table)
    assert {day: calendar.is_working(day) for day in table} == table


def test_knows_which_years_have_their_notice():
    assert is_announced(2026)
    assert not is_announced(2040)
