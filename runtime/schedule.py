"""Time → job: what the program does by itself, in business time, on one screen.

When a time has come, `tick` writes a row of `job_run` and an event in one transaction. The row's key makes
it once, whatever many schedulers run; the event makes it happen, retried and visible like every other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from booking.attempts import remove_old_looks
from booking.duty_flow import flow_duty
from booking.hall_rules import rules_of
from booking.no_show import close_no_shows
from booking.promise_samples import take_samples
from booking.publish import publish
from booking.special_requests import expire_unanswered
from booking.undo_cancel import end_undos
from booking.waitlist import remove_old_waits
from booking.waitlist_offers import tend
from feedback.personal_data import forget_old
from halls.models import Hall
from halls.queries import calendar, get_hall_by_id, list_halls
from halls.workdays import add_working_days
from kernel import clock, outbox
from kernel.actor import SYSTEM
from kernel.job_run import JobRun
from kernel.outbox import Event
from notifications.tell_late import tell_closed, tell_late
from queueing.close_day import close_day
from queueing.extra_time import propose_today
from queueing.learn_times import learn_times
from queueing.owed import remind
from queueing.shows import learn_shows
from queueing.standby import promote_today
from queueing.unanswered import find_unanswered
from runtime.day_lists import write_today, write_tomorrow
from runtime.due_times import Daily, Every, When, due_times
from runtime.forget_events import forget_events

_LOCK = 0x5963686564  # one scheduler at a time looks at the clock
_REMEMBERED = timedelta(days=10)
_WAITS_KEPT = timedelta(days=90)
_RUNS_KEPT = timedelta(hours=2)  # of jobs that come every few seconds or minutes

Do = Callable[[Session, int | None, datetime, datetime], None]


@dataclass(frozen=True, slots=True)
class TimeCame(Event):
    """A job of the schedule is due. `due_at` is ISO text; `hall_id` is None for jobs of the whole program."""

    job: str
    hall_id: int | None
    due_at: str

    def topics(self) -> list[str]:
        """None: what the job does has events of its own."""
        return []


@dataclass(frozen=True, slots=True)
class Entry:
    """`do(session, hall_id, due_at, now)` runs at the times of `when`, once per hall where `per_hall`.

    `even_closed`: also for halls that were closed for good, where something may be left to end.
    """

    when: When
    do: Do
    per_hall: bool = True
    even_closed: bool = False


def publish_numbers(session: Session, hall_id: int | None, _due_at: datetime, now: datetime) -> None:
    """Write the numbers of the days that can be booked, and one more."""
    hall = _hall(session, hall_id)
    rules = rules_of(hall)
    today = rules.date_of(now)
    last_on = add_working_days(today, rules.policy.horizon_working_days + 1, calendar(session))
    publish(session, hall.id, first_on=today, last_on=last_on, actor=SYSTEM, now=now)


def close_halls_day(session: Session, hall_id: int | None, due_at: datetime, now: datetime) -> None:
    """Nobody stays in a line overnight."""
    hall = _hall(session, hall_id)
    close_day(session, hall.id, on_date=due_at.astimezone(ZoneInfo(hall.time_zone)).date(), now=now)


def remind_of_papers(session: Session, hall_id: int | None, due_at: datetime, now: datetime) -> None:
    """Tell whoever owes a paper that is due tomorrow."""
    hall = _hall(session, hall_id)
    tomorrow = due_at.astimezone(ZoneInfo(hall.time_zone)).date() + timedelta(days=1)
    remind(session, hall.id, due_on=tomorrow, now=now)


def find_no_shows(session: Session, _hall_id: int | None, _due_at: datetime, now: datetime) -> None:
    """Close the appointments whose owners did not come."""
    close_no_shows(session, now=now)


def tend_waitlists(session: Session, _hall_id: int | None, _due_at: datetime, now: datetime) -> None:
    """Pass lapsed offers on, end waits whose days are over, offer what is free."""
    tend(session, now=now)


def end_cancellations(session: Session, _hall_id: int | None, _due_at: datetime, now: datetime) -> None:
    """Give back the numbers of cancelled bookings that nobody has taken back in time."""
    end_undos(session, now=now)


def forget_waits(session: Session, _hall_id: int | None, _due_at: datetime, now: datetime) -> None:
    """Remove waits that ended long ago, which hold phones, and looks that nobody compares with any more."""
    remove_old_waits(session, before=now - _WAITS_KEPT)
    remove_old_looks(session, today=now.date())


def expire_requests(session: Session, hall_id: int | None, _due_at: datetime, now: datetime) -> None:
    """End special requests whose day is over and that nobody has answered, and all of a closed hall."""
    expire_unanswered(session, _hall(session, hall_id).id, actor=SYSTEM, now=now)


def hand_over_duty(session: Session, _hall_id: int | None, _due_at: datetime, now: datetime) -> None:
    """Give unused duty numbers of today to people who come without a booking."""
    flow_duty(session, now=now)


def sample_promise(session: Session, _hall_id: int | None, due_at: datetime, now: datetime) -> None:
    """Look whether every line has a number within three working days."""
    take_samples(session, due_at=due_at, now=now)


def forget_old_data(session: Session, _hall_id: int | None, _due_at: datetime, now: datetime) -> None:
    """Wipe personal data that is older than it is kept."""
    forget_old(session, actor=SYSTEM, now=now)


def forget_old_events(session: Session, _hall_id: int | None, _due_at: datetime, _now: datetime) -> None:
    """Keep the outbox short."""
    forget_events(session, real_now=clock.real_now())


def learn_service_times(session: Session, hall_id: int | None, due_at: datetime, now: datetime) -> None:
    """Learn from the last weeks how long services take, and how many of those who book come."""
    hall = _hall(session, hall_id)
    on_date = due_at.astimezone(ZoneInfo(hall.time_zone)).date()
    learn_times(session, hall.id, on_date=on_date, now=now)
    learn_shows(session, hall, now=now)


def propose_extra_time(session: Session, _hall_id: int | None, _due_at: datetime, now: datetime) -> None:
    """Ask duty officers for more before walk-ins are refused; let standbys in for whom there is room."""
    for hall in list_halls(session):
        propose_today(session, hall.id, now=now)
        promote_today(session, hall.id, now=now)


def tell_who_waits_longer(session: Session, _hall_id: int | None, _due_at: datetime, now: datetime) -> None:
    """Say so to whom the hall will not call by the promised time, or whose windows have closed."""
    tell_late(session, now=now)
    tell_closed(session, now=now)


def follow_calls(session: Session, _hall_id: int | None, _due_at: datetime, now: datetime) -> None:
    """Repeat the calls that nobody answers, and mark absent who does not come."""
    find_unanswered(session, now=now)


def _hall(session: Session, hall_id: int | None) -> Hall:
    if hall_id is None:
        raise ValueError("a job of a hall needs its id")
    return get_hall_by_id(session, hall_id)


SCHEDULE: Mapping[str, Entry] = {
    "publish_numbers": Entry(Daily(time(2)), publish_numbers),
    "learn_times": Entry(Daily(time(3, 40)), learn_service_times),
    "close_day": Entry(Daily(time(23), catch_up=7), close_halls_day),
    "remind_of_papers": Entry(Daily(time(9)), remind_of_papers),
    "follow_calls": Entry(Every(seconds=10), follow_calls, per_hall=False),
    "find_no_shows": Entry(Every(minutes=15), find_no_shows, per_hall=False),
    "end_cancellations": Entry(Every(seconds=20), end_cancellations, per_hall=False),
    "tend_waitlists": Entry(Every(minutes=1), tend_waitlists, per_hall=False),
    "forget_waits": Entry(Daily(time(19)), forget_waits, per_hall=False),  # UTC
    "expire_requests": Entry(Daily(time(0, 30)), expire_requests, even_closed=True),
    "hand_over_duty": Entry(Every(minutes=15), hand_over_duty, per_hall=False),
    "propose_extra_time": Entry(Every(minutes=5), propose_extra_time, per_hall=False),
    "tell_late": Entry(Every(minutes=5), tell_who_waits_longer, per_hall=False),
    "sample_promise": Entry(Every(minutes=15), sample_promise, per_hall=False),
    "write_tomorrows_list": Entry(Daily(time(20)), write_tomorrow),
    "write_todays_list": Entry(Daily(time(6)), write_today),
    "forget_old_events": Entry(Every(minutes=5), forget_old_events, per_hall=False),
    "forget_old_data": Entry(Daily(time(19)), forget_old_data, per_hall=False),  # UTC: at night here
}


def tick(session: Session, *, now: datetime, real_now: datetime) -> int:
    """Hand over every job whose time has come; returns how many. Safe in any number of processes."""
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return 0
    last = _last_runs(session, now)
    handed = 0
    for name, hall_id, zone in _targets(session):
        key = name if hall_id is None else f"{name}:{hall_id}"
        for due_at in due_times(SCHEDULE[name].when, last=last.get(key), now=now, tz=zone):
            if _is_new(session, key, due_at, real_now=real_now):
                outbox.emit(session, TimeCame(name, hall_id, due_at.isoformat()), now=now)
                handed += 1
                _forget_runs(session, name, key, due_at)
    return handed


def run(session: Session, event: Mapping[str, object], *, now: datetime) -> None:
    """Do the job (handler of TimeCame)."""
    hall_id = event["hall_id"]
    due_at = datetime.fromisoformat(str(event["due_at"]))
    SCHEDULE[str(event["job"])].do(session, hall_id if isinstance(hall_id, int) else None, due_at, now)


def _last_runs(session: Session, now: datetime) -> dict[str, datetime]:
    """The newest run of each job before `now`: a demonstration clock may have been set back."""
    runs = select(JobRun.name, func.max(JobRun.due_at)).where(
        JobRun.due_at <= now, JobRun.due_at > now - _REMEMBERED
    )
    return dict(session.execute(runs.group_by(JobRun.name)).all())


def _targets(session: Session) -> list[tuple[str, int | None, ZoneInfo]]:
    """Each job of the whole program, and each of a hall for every hall."""
    halls = list_halls(session, even_closed=True)
    targets: list[tuple[str, int | None, ZoneInfo]] = []
    for name, entry in SCHEDULE.items():
        if entry.per_hall:
            mine = [hall for hall in halls if hall.active or entry.even_closed]
            targets += [(name, hall.id, ZoneInfo(hall.time_zone)) for hall in mine]
        else:
            targets.append((name, None, ZoneInfo("UTC")))
    return targets


def _is_new(session: Session, key: str, due_at: datetime, *, real_now: datetime) -> bool:
    added = insert(JobRun).values(name=key, due_at=due_at, recorded_at=real_now)
    return session.scalar(added.on_conflict_do_nothing().returning(JobRun.name)) is not None


def _forget_runs(session: Session, name: str, key: str, due_at: datetime) -> None:
    """Each look at the clock reads the runs: those of frequent jobs would grow into many thousands."""
    if isinstance(SCHEDULE[name].when, Every):
        session.execute(delete(JobRun).where(JobRun.name == key, JobRun.due_at < due_at - _RUNS_KEPT))
