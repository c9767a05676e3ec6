"""A plain model of a line's numbers: what the rows must be after each step, kept in lists."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

HALF_HOUR = timedelta(minutes=30)


@dataclass
class Place:
    """One number as the model sees it."""

    starts_at: datetime
    ordinal: int
    channel: str
    released_at: datetime | None
    token: str | None = None
    held_until: datetime | None = None
    reference: str | None = None
    returned: bool = False

    def held(self, now: datetime) -> bool:
        return self.held_until is not None and self.held_until > now

    def free(self, now: datetime, previous: str | None = None, channel: str = "online") -> bool:
        """For citizens from its release on; the numbers of the other channels are there for staff."""
        released = channel != "online" or (self.released_at is not None and self.released_at <= now)
        held = self.held(now) and self.token != previous
        return self.channel == channel and released and self.reference is None and not held

    def released(self, now: datetime) -> bool:
        """It could be booked once; a number that was given back could."""
        early = self.returned or self.reference is not None
        return early or (self.released_at is not None and self.released_at <= now)

    def let_go(self) -> None:
        self.token = self.held_until = None


@dataclass
class Visit:
    """An appointment as the model sees it."""

    starts_at: datetime
    person: int
    token: str
    state: str = "booked"
    counts: bool = True
    #: Moved so late that cancelling it then would have counted: cancelling it now is final.
    moved_late: bool = False
    kept_until: datetime | None = None
    kept: int = 0


@dataclass
class Hold:
    starts_at: datetime
    needed: int
    reference: str | None = None


def undo_of(reference: str) -> str:
    """What stands for the token of a cancelled visit's numbers."""
    return f"undo of {reference}"


@dataclass
class Model:
    """What must be true, kept in lists. `in_village` are the starts that are not held in the hall."""

    places: list[Place]
    in_village: frozenset[datetime] = frozenset()
    holds: dict[str, Hold] = field(default_factory=dict)
    visits: dict[str, Visit] = field(default_factory=dict)
    cancelled: int = 0
    by_hall: int = 0

    def pick(
        self,
        starts_at: datetime,
        needed: int,
        now: datetime,
        previous: str | None,
        channel: str = "online",
    ) -> list[Place] | None:
        """The places a visit takes: the first free ones from its slot on, unbroken; None: it does not fit."""
        free = sorted(
            (
                place
                for place in self.places
                if place.free(now, previous, channel)
                and (place.starts_at == starts_at or (needed > 1 and place.starts_at > starts_at))
            ),
            key=lambda place: (place.starts_at, place.ordinal),
        )[:needed]
        starts = sorted({place.starts_at for place in free})
        unbroken = all(later - before == HALF_HOUR for before, later in pairwise(starts))
        in_one_place = len({start in self.in_village for start in starts}) == 1
        fits = len(free) == needed and starts[0] == starts_at and unbroken and in_one_place
        return free if fits else None

    def of_token(self, token: str) -> list[Place]:
        return [place for place in self.places if place.token == token and place.reference is None]

    def of_visit(self, reference: str) -> list[Place]:
        return [place for place in self.places if place.reference == reference]

    def keep(self, reference: str, now: datetime, moment: datetime) -> None:
        """Cancelled, and to be had back for two minutes: held by nobody else for five."""
        mine = self.of_visit(reference)
        self.give_back(mine, moment)
        for place in mine:
            place.token, place.held_until = undo_of(reference), now + timedelta(minutes=5)
        visit = self.visits[reference]
        visit.kept_until, visit.kept = now + timedelta(minutes=2), len(mine)

    def may_undo(self, reference: str, now: datetime) -> bool:
        """While it is kept whole, unless its owner has booked anew."""
        visit = self.visits[reference]
        again = any(each.person == visit.person and each.state == "booked" for each in self.visits.values())
        whole = len(self.of_token(undo_of(reference))) == visit.kept
        return visit.kept_until is not None and visit.kept_until > now and whole and not again

    def undo(self, reference: str, moment: datetime) -> None:
        for place in self.of_token(undo_of(reference)):
            place.let_go()
            place.reference, place.released_at = reference, moment
        visit = self.visits[reference]
        visit.state, visit.counts, visit.kept_until = "booked", True, None

    def changeable(self, change: str, now: datetime) -> list[Place]:
        """What a change by hand is about, in the order in which it is done to them."""
        untouched = [
            place
            for place in self.places
            if place.starts_at > now and place.reference is None and not place.held(now)
        ]
        online = [place for place in untouched if place.channel == "online"]
        waiting = [place for place in online if place.released_at is None or place.released_at > now]
        released = [place for place in online if place.released_at is not None]
        found = {
            "release": waiting,
            "withdraw": released,
            "duty_to_online": [place for place in untouched if place.channel == "duty"],
            "duty_to_walk_in": [place for place in untouched if place.channel == "duty"],
            "online_to_walk_in": online,
            "walk_in_to_online": [place for place in untouched if place.channel == "walk_in"],
        }[change]
        later = change == "withdraw"
        return sorted(
            found, key=lambda p: (later and p.released_at and p.released_at > now, p.ordinal, p.starts_at)
        )

    def change(self, places: list[Place], change: str, now: datetime) -> None:
        for place in places:
            place.let_go()
            place.returned = False
            place.released_at = now if change.endswith("online") or change == "release" else None
            if change != "withdraw":
                place.channel = "walk_in" if change.endswith("walk_in") else "online"

    def give_back(self, places: list[Place], moment: datetime) -> None:
        for place in places:
            place.reference, place.released_at, place.returned = None, moment, True
            place.let_go()
