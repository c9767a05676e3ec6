from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.kinds import KINDS
from notifications.timing import (
    ANSWERS,
    Planned,
    QuietHours,
    ReminderTimes,
    expires_at,
    reminders_for,
    sendable_at,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def due(slot, booked, **times):
    found = reminders_for(local(slot), booked_at=local(booked), tz=SHANGHAI, times=ReminderTimes(**times))
    return [(each.template, each.send_at) for each in found]


def test_reminds_on_the_eve_and_two_hours_before():
    assert due("2026-03-11T10:00", "2026-03-02T08:00") == [
        ("reminder_eve", local("2026-03-10T18:00")),
        ("reminder_2h", local("2026-03-11T08:00")),
    ]


def test_a_reminder_is_worthless_once_the_slot_begins():
    eve, ahead = reminders_for(local("2026-03-11T10:00"), booked_at=local("2026-03-02T08:00"), tz=SHANGHAI)
    assert eve.expires_at == eve.send_at + KINDS["reminder_eve"].lifetime
    assert ahead.expires_at <= local("2026-03-11T10:00")


@pytest.mark.parametrize(
    ("booked", "templates"),
    [
        ("2026-03-10T17:30", ["reminder_eve", "reminder_2h"]),
        ("2026-03-10T17:31", ["reminder_2h"]),
        ("2026-03-10T20:00", ["reminder_2h"]),
        ("2026-03-11T07:45", []),
        ("2026-03-11T09:00", []),
    ],
)
def test_who_has_just_booked_is_not_reminded(booked, templates):
    assert [template for template, _ in due("2026-03-11T10:00", booked)] == templates


def test_an_early_slot_is_reminded_of_when_the_night_is_over():
    assert due("2026-03-11T08:00", "2026-03-02T08:00")[1] == ("reminder_2h", local("2026-03-11T07:00"))


def test_no_reminder_comes_with_or_after_the_slot():
    assert [name for name, _ in due("2026-03-11T07:00", "2026-03-02T08:00")] == ["reminder_eve"]


def test_the_eve_is_that_of_the_hall():
    # 00:30 in Shanghai is still the day before in UTC.
    assert due("2026-03-11T00:30", "2026-03-02T08:00")[0] == ("reminder_eve", local("2026-03-10T18:00"))


def test_a_hall_sets_its_own_times():
    assert due("2026-03-11T10:00", "2026-03-02T08:00", eve_at=time(20), ahead=timedelta(hours=1)) == [
        ("reminder_eve", local("2026-03-10T20:00")),
        ("reminder_2h", local("2026-03-11T09:00")),
    ]


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ("2026-03-10T21:59:59", "2026-03-10T21:59:59"),
        ("2026-03-10T22:00", "2026-03-11T07:00"),
        ("2026-03-11T00:00", "2026-03-11T07:00"),
        ("2026-03-11T06:59", "2026-03-11T07:00"),
        ("2026-03-11T07:00", "2026-03-11T07:00"),
    ],
)
def test_a_survey_waits_until_the_quiet_hours_are_over(wanted, sent):
    assert sendable_at("survey", wanted_at=local(wanted), tz=SHANGHAI) == local(sent)


@pytest.mark.parametrize("template", ["phone_code", "called", "three_ahead", "missed", "booked", "opted_out"])
def test_what_somebody_is_waiting_for_goes_at_once(template):
    midnight = local("2026-03-11T00:00")
    assert sendable_at(template, wanted_at=midnight, tz=SHANGHAI) == midnight


def test_quiet_hours_within_a_day_and_none_at_all():
    noon = QuietHours(time(12), time(14))
    assert sendable_at("survey", wanted_at=local("2026-03-11T13:00"), tz=SHANGHAI, quiet=noon) == local(
        "2026-03-11T14:00"
    )
    for hour in range(24):
        assert not QuietHours(time(0), time(0)).include(time(hour))


def test_each_message_expires_after_its_own_time():
    sent = local("2026-03-11T10:00")
    assert expires_at("called", send_at=sent) == sent + KINDS["called"].lifetime
    assert expires_at("booked", send_at=sent, no_later=sent + timedelta(hours=1)) == sent + timedelta(hours=1)


@given(
    st.timedeltas(timedelta(0), timedelta(days=365)).map(lambda ahead: local("2026-01-01T00:00") + ahead),
    st.timedeltas(timedelta(0), timedelta(days=20)),
    st.times(),
    st.times(),
)
@settings(max_examples=200, deadline=None)
def test_reminders_never_disturb_and_never_come_too_late(slot, ahead, starts, ends):
    quiet = QuietHours(starts.replace(tzinfo=None), ends.replace(tzinfo=None))
    booked = slot - ahead
    found = reminders_for(slot, booked_at=booked, tz=SHANGHAI, times=ReminderTimes(quiet=quiet))
    for each in found:
        assert isinstance(each, Planned)
        assert booked < each.send_at < slot
        assert each.send_at < each.expires_at <= slot
        assert not quiet.include(each.send_at.astimezone(SHANGHAI).time())


def test_answers_are_kinds_of_messages():
    assert set(KINDS) >= ANSWERS
