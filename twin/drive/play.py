"""Play a whole day: make the hall, book, open, come, serve, answer, check."""

import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as wall_time
from random import Random
from typing import Any

from people.sample_ids import DISTINCT
from twin.day_file import BOOKED, Day
from twin.drive import checks, summary
from twin.drive.agenda import Agenda, Lag
from twin.drive.arrivals import Arrivals
from twin.drive.booking import Booking, identity_of
from twin.drive.counters import Floor, plan_counters
from twin.drive.hall import DriveHall, leave_hall, make_hall
from twin.drive.lines import Lines
from twin.drive.outcome import Outcome
from twin.drive.pace import Pace
from twin.drive.phones import Phones
from twin.drive.play_clock import PlayClock
from twin.drive.records import Visit
from twin.drive.server import Server

HANDS = 12
#: Share of those without a booking who leave a phone number at the kiosk.
PHONE_SHARE = 0.7
#: Everybody books in the evening before: by then all online numbers of the date are released.
BOOKING_AT = wall_time(19)
_BEFORE_OPENING = timedelta(minutes=3)
_PAUSE = 0.5  # real seconds
_PHONES = 10_000_000

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Play:
    """How a day is played. `rate`: business seconds in a real second."""

    username: str
    password: str
    name: str = ""
    rate: float = 120.0
    seed: int = 1
    survey_share: float = 0.6
    hands: int = HANDS
    #: Never run slower, whatever the lag.
    keep_rate: bool = False
    #: Real seconds to wait after the day for surveys and answers that are on their way.
    patience: float = 60.0


@dataclass(frozen=True, slots=True)
class Cast:
    """The hall and everybody who comes."""

    hall: DriveHall
    visits: Sequence[Visit]
    identities: dict[int, str]
    phones: Phones


@dataclass(frozen=True, slots=True)
class Played:
    """How the playing itself went; seconds are real."""

    booking_s: float
    playing_s: float
    rate_mean: float
    slowest_rate: float
    lags: list[Lag]
    overtime: timedelta
    violations: list[str]


def drive(server: Server, day: Day, play: Play, *, say: Say) -> Outcome:
    """Play `day`, ask the server for its deep check, and tell how it went.

    The clock of the whole demonstration is moved: it is left at the end of the day, at rate 1.

    Raises:
        Refused, ServerUnreachable, CodeNeverCame: the day could not be played.
    """
    server.token = server.post("/sign-in", {"username": play.username, "password": play.password})["token"]
    cast = _prepare(server, day, play, say=say)
    cast.phones.start()
    try:
        played = _play(server, day, cast, play, say=say)
        findings = _settle(server, cast, patience=play.patience, say=say)
    finally:
        cast.phones.stop()
    violations = _violations(server, cast, played, findings)
    leave_hall(server, cast.hall)
    return _outcome(server, day, cast, play, played=played, violations=violations)


def set_clock(server: Server, at: datetime | None, *, rate: float) -> PlayClock:
    """Set the clock of the whole demonstration; without `at` it goes on from where it is."""
    answer = server.put("/clock", {"rate": rate, **({"now": at.isoformat()} if at else {})})
    return PlayClock(time.monotonic(), datetime.fromisoformat(answer["now"]), rate)


def make_visits(day: Day, hall: DriveHall, *, seed: int, first_phone: int) -> list[Visit]:
    """Everybody of the day file; who books has a phone, of the others some leave one."""
    random = Random(f"{seed} phones")
    visits = []
    for number, person in enumerate(day.people):
        has_phone = person.track == BOOKED or random.random() < PHONE_SHARE
        visits.append(
            Visit(
                person=person,
                number=number,
                arrives_at=hall.at(person.arrives),
                wanted_slot_at=hall.at(person.slot) if person.slot is not None else None,
                phone=f"+861999{(first_phone + number) % _PHONES:07d}" if has_phone else None,
            )
        )
    return visits


def _prepare(server: Server, day: Day, play: Play, *, say: Say) -> Cast:
    """Make the hall on the eve of the day, and people whom the server has never seen."""
    eve = day.on_date - timedelta(days=1)
    hall_zone = DriveHall.zone_of(day)
    set_clock(server, datetime.combine(eve, BOOKING_AT, hall_zone), rate=1.0)
    hall = make_hall(server, day)
    say(f"hall {hall.code}: {len(day.groups)} lines, {len(day.counters)} counters")
    visits = make_visits(day, hall, seed=play.seed, first_phone=secrets.randbelow(_PHONES))
    first = secrets.randbelow(DISTINCT)
    by_phone = {visit.phone: visit for visit in visits if visit.phone is not None}
    return Cast(
        hall,
        visits,
        {visit.number: identity_of(visit, first) for visit in visits},
        Phones(server, by_phone, survey_share=play.survey_share, seed=play.seed),
    )


def _play(server: Server, day: Day, cast: Cast, play: Play, *, say: Say) -> Played:
    """Book in the evening before, then the day itself at its rate."""
    began = time.monotonic()
    order = Random(f"{play.seed} booking").sample(cast.visits, len(cast.visits))
    Booking(server, cast.hall, cast.phones, cast.identities).book_all(order, hands=play.hands)
    booked_s = time.monotonic() - began
    say(f"booked {sum(visit.appointment is not None for visit in order)} people in {booked_s:.0f} s")
    begins_at = _begins_at(day, cast)
    agenda = Agenda(set_clock(server, begins_at, rate=play.rate), hands=play.hands)
    floor = _fill(agenda, server, day, cast, play=play)
    pace = Pace(server, agenda, lambda rate: set_clock(server, None, rate=rate))
    began = time.monotonic()
    if not play.keep_rate:
        pace.start()
    try:
        agenda.run()
    finally:
        pace.stop()
    ended = set_clock(server, None, rate=1.0)
    playing_s = time.monotonic() - began
    say(f"played the day in {playing_s:.0f} s")
    rate_mean = (ended.business_at - begins_at).total_seconds() / playing_s
    return Played(
        booked_s, playing_s, rate_mean, pace.slowest, agenda.lags(), floor.overtime, floor.violations
    )


def _fill(agenda: Agenda, server: Server, day: Day, cast: Cast, *, play: Play) -> Floor:
    """Plan who opens and who comes."""
    lines, by_label = Lines(), dict[str, Visit]()
    floor = Floor(server, cast.hall, agenda, lines, by_label, served=cast.phones.left_counter)
    plan_counters(floor, day)
    random = Random(f"{play.seed} arrivals")
    arrivals = Arrivals(server, cast.hall, agenda, lines, by_label, identities=cast.identities, random=random)
    for visit in cast.visits:
        arrivals.plan(visit)
    return floor


def _begins_at(day: Day, cast: Cast) -> datetime:
    opens_at = min(cast.hall.at(line.starts) for line in day.open)
    return min([opens_at, *(visit.arrives_at for visit in cast.visits)]) - _BEFORE_OPENING


def _settle(server: Server, cast: Cast, *, patience: float, say: Say) -> dict[str, Any]:
    """Wait until every survey came and every answer arrived; then the deep check (the last one, if never)."""
    ends = time.monotonic() + patience
    while True:
        settled = cast.phones.idle and not checks.broken(cast.visits)
        late = time.monotonic() > ends
        if settled or late:
            findings: dict[str, Any] = server.post("/doctor", {"hall": cast.hall.code})
            if late or (not findings["violations"] and not _lost_ratings(cast, findings)):
                say("the server checked its data")
                return findings
        time.sleep(_PAUSE)


def _lost_ratings(cast: Cast, findings: dict[str, Any]) -> list[str]:
    given = sum(visit.grade is not None for visit in cast.visits)
    kept = sum(findings["counts"].get("ratings", {}).values())
    return [] if given == kept else [f"ratings_lost: {given} given, {kept} kept"]


def _violations(server: Server, cast: Cast, played: Played, findings: dict[str, Any]) -> list[str]:
    return [
        *played.violations,
        *checks.broken(cast.visits),
        *_lost_ratings(cast, findings),
        *(f"server_error: {text}" for text in server.server_errors()),
        *(f"{one['rule']}: {one['subject']} {one['detail']}".strip() for one in findings["violations"]),
    ]


def _outcome(
    server: Server, day: Day, cast: Cast, play: Play, *, played: Played, violations: list[str]
) -> Outcome:
    visits = cast.visits
    grades = Counter(visit.grade for visit in visits if visit.grade is not None)
    return Outcome(
        day=play.name,
        hall=cast.hall.code,
        on_date=day.on_date.isoformat(),
        rate=play.rate,
        seed=play.seed,
        tracks=summary.by_track(visits),
        overall=summary.figures(visits),
        moved=summary.moved(visits),
        without_number=summary.without_number(visits),
        ratings_by_grade={grade: grades[grade] for grade in range(5, 0, -1)},
        refusals=server.refusals(),
        overtime_min=played.overtime.total_seconds() / 60,
        rate_mean=played.rate_mean,
        slowest_rate=played.slowest_rate,
        lag_p95_s=summary.percentile((lag.seconds for lag in played.lags), 0.95) or 0.0,
        lag_p95_min=summary.percentile((lag.minutes for lag in played.lags), 0.95) or 0.0,
        answer_p95_ms={
            name: (summary.percentile(seconds, 0.95) or 0.0) * 1000
            for name, seconds in sorted(server.seconds_by_operation().items())
        },
        booking_s=played.booking_s,
        playing_s=played.playing_s,
        violations=tuple(violations),
    )
