"""One line of one hall on one morning for steps in any order, and what must always hold of its numbers.

At the end of the morning it is in a village: no visit goes on there that begins in the hall.

The model knows every number as one place. It takes places by the rule as written in docs, and after each
step the database must show exactly the model's places: none twice, none lost, none from nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
)
from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from booking import doctor
from booking.availability import slot_counts
from booking.counts import booking_counts, channel_counts
from booking.ladder import OVERBOOKED_ABOVE
from booking.models import Appointment, KeptForUndo, Number
from booking.publish import publish
from kernel.actor import SYSTEM, Actor
from kernel.errors import DomainError
from kernel.ids import token_hash
from kernel.outbox import OutboxEvent
from tests.booking_model import Model, Place, undo_of
from tests.build import TODAY, at, make_group, make_hall, make_plan, make_service, make_session

LEAD = timedelta(minutes=30)
KEPT = timedelta(minutes=10)
CUTOFF = timedelta(minutes=60)
STARTS = (at("10:00"), at("10:30"), at("11:00"))
PHONE = "+8613800138000"
OFFICER = Actor("staff", 1)
#: Numbers of every kind: some are released in the morning itself, some are beyond the quota.
POLICY = {
    "max_open_appointments": 50,
    "beta": 0.8,
    "show_probability": 0.5,
    "ladder": {
        "rungs": [
            {"share": 0.4, "working_days_before": 7, "at": "08:00"},
            {"share": 0.2, "working_days_before": 0, "at": "09:00"},
            {"share": 0.2, "working_days_before": 0, "at": "09:20"},
        ],
        "duty_share": 0.2,
    },
}
SEEN = (
    Number.starts_at,
    Number.ordinal,
    Number.channel,
    Number.released_at,
    Number.held_until,
    Number.hold_token,
    Number.appointment_id,
)


class Line(RuleBasedStateMachine):
    """The hall, the model beside it, and the invariants; the steps are in `test_any_order`."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.outer = session
        self.savepoint = session.begin_nested()
        self.session = session
        self.now = at("08:30")
        self.people = count(1)
        self.hall = make_hall(session, policy={"booking": POLICY})
        self.group = make_group(session, self.hall)
        make_plan(session, self.group, counters=2, hours="10:00-11:00")
        make_session(session, self.group, counters=2, hours="11:00-11:30", on=TODAY, place="东岭村村委会")
        services = {needed: make_service(session, self.group, minutes=10 * needed) for needed in (1, 2, 3)}
        self.codes = {needed: service.code for needed, service in services.items()}
        self.service_ids = {needed: service.id for needed, service in services.items()}
        self.publish()
        self.model = Model([_place(row, {}) for row in self.rows()], frozenset(STARTS[2:]))
        assert {place.channel for place in self.model.places} == {"online", "walk_in", "duty"}
        assert any(place.ordinal > OVERBOOKED_ABOVE for place in self.model.places)
        self.planned = [(place.starts_at, place.ordinal, place.released_at) for place in self.model.places]
        self.channels = {(place.starts_at, place.ordinal): place.channel for place in self.model.places}

    def teardown(self) -> None:
        broken = doctor.check(self.session)
        self.savepoint.rollback()
        self.session.expunge_all()
        assert broken == []

    def publish(self) -> None:
        publish(self.session, self.hall.id, first_on=TODAY, last_on=TODAY, actor=SYSTEM, now=self.now)

    def rows(self) -> Sequence[Row[Any]]:
        self.session.flush()
        query = select(*SEEN).where(Number.group_id == self.group.id)
        return self.session.execute(query.order_by(Number.starts_at, Number.ordinal)).all()

    @contextmanager
    def expecting(self, *, success: bool) -> Iterator[None]:
        """The step works exactly when the model says so; a refusal changes nothing."""
        step = self.session.begin_nested()
        refusal: str | None = None
        try:
            yield
            step.commit()
        except DomainError as error:
            step.rollback()
            refusal = error.code
        assert (refusal is None) is success, refusal or "should have been refused"

    def some(self, choice: int, keys: list[str]) -> str:
        """One of them, the newest first: the oldest are mostly over."""
        return keys[-1 - choice % len(keys)]

    def appointment(self, reference: str) -> Appointment:
        self.session.expire_all()
        return self.session.scalars(select(Appointment).where(Appointment.reference == reference)).one()

    @invariant()
    def the_rows_are_the_places_of_the_model(self) -> None:
        names = dict(self.session.execute(select(Appointment.id, Appointment.reference)).all())
        tokens = {token_hash(token): token for token in self.model.holds}
        kept = self.session.execute(select(KeptForUndo.hold_token, KeptForUndo.appointment_id))
        tokens |= {token: undo_of(names[mine]) for token, mine in kept}
        seen = [_seen(_place(row, names), tokens.get(row.hold_token or b"")) for row in self.rows()]
        wanted = sorted(self.model.places, key=lambda place: (place.starts_at, place.ordinal))
        assert seen == [_seen(place, place.token) for place in wanted]

    @invariant()
    def what_is_offered_is_what_is_free(self) -> None:
        offered = slot_counts(self.session, self.group.id, TODAY, now=self.now)
        for slot in offered:
            free = sum(
                place.free(self.now) for place in self.model.places if place.starts_at == slot.starts_at
            )
            assert slot.free == (free if slot.starts_at - self.now >= LEAD else 0)

    @invariant()
    def numbers_are_counted_as_the_model_has_them(self) -> None:
        found = {
            each.channel: (each.planned, each.released, each.booked, each.held, each.free, each.overbooked)
            for each in channel_counts(self.session, self.hall, on_date=TODAY, now=self.now)
        }
        by_channel: dict[str, list[Place]] = {}
        for place in self.model.places:
            by_channel.setdefault(place.channel, []).append(place)
        now = self.now
        assert found == {
            channel: (
                len(places),
                sum(place.released(now) for place in places),
                sum(place.reference is not None for place in places),
                sum(place.held(now) for place in places),
                sum(place.free(now, None, channel) and place.starts_at > now for place in places),
                sum(place.ordinal > OVERBOOKED_ABOVE for place in places),
            )
            for channel, places in by_channel.items()
        }

    @invariant()
    def bookings_are_counted_as_the_model_has_them(self) -> None:
        visits = self.model.visits.values()
        to_come = sum(visit.state == "booked" for visit in visits)
        late = sum(visit.state == "cancelled" and visit.counts for visit in visits)
        by_hall = self.model.by_hall
        found = [
            (each.booked, each.to_come, each.handled, each.late_cancelled, each.by_hall)
            for each in booking_counts(self.session, self.hall, on_date=TODAY)
        ]
        assert found == ([(to_come + late, to_come, 0, late, by_hall)] if visits else [])

    @invariant()
    def counts_equal_history(self) -> None:
        told = dict(
            self.session.execute(
                select(OutboxEvent.name, func.count())
                .where(OutboxEvent.name.in_(("AppointmentBooked", "AppointmentCancelled")))
                .group_by(OutboxEvent.name)
            ).all()
        )
        assert told.get("AppointmentBooked", 0) == len(self.model.visits)
        assert told.get("AppointmentCancelled", 0) == self.model.cancelled


def _place(row: Row[Any], names: dict[int, str]) -> Place:
    reference = names[row.appointment_id] if row.appointment_id is not None else None
    return Place(row.starts_at, row.ordinal, row.channel, row.released_at, None, row.held_until, reference)


def _seen(place: Place, token: str | None) -> tuple[object, ...]:
    return (
        place.starts_at,
        place.ordinal,
        place.channel,
        place.released_at,
        token,
        place.held_until,
        place.reference,
    )
