"""What happens in the hall, told to whoever subscribed. Ids only, no personal data."""

from dataclasses import dataclass

from kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class TicketEvent(Event):
    """Something happened to a ticket: the hall's pages and the ticket's own page refetch."""

    ticket_id: int
    hall_id: int
    group_id: int

    def topics(self) -> list[str]:
        """`hall:<id>` and `ticket:<id>`."""
        return [f"hall:{self.hall_id}", f"ticket:{self.ticket_id}"]


@dataclass(frozen=True, slots=True)
class TicketIssued(TicketEvent):
    """A ticket was issued, for a walk-in or by a check-in."""


@dataclass(frozen=True, slots=True)
class StandbyPromoted(TicketEvent):
    """There is room for who had a standby number: a walk-in number now, with a promised time."""


@dataclass(frozen=True, slots=True)
class TicketCalled(TicketEvent):
    """A ticket was called to a counter."""

    call_id: int
    counter_id: int


@dataclass(frozen=True, slots=True)
class TicketRecalled(TicketEvent):
    """The call was repeated."""

    call_id: int
    counter_id: int


@dataclass(frozen=True, slots=True)
class CallUnanswered(Event):
    """It is time to call again, or to mark absent: what is done about it has events of its own."""

    ticket_id: int

    def topics(self) -> list[str]:
        """None: nothing has changed yet."""
        return []


@dataclass(frozen=True, slots=True)
class CallUndone(TicketEvent):
    """The call was a mistake; the ticket waits again with its key."""


@dataclass(frozen=True, slots=True)
class StepUndone(TicketEvent):
    """A step at a counter, other than a call and the end of a visit, was taken back.

    `step` is the verb that was: start_serving, mark_absent, park, next_leg, …
    """

    step: str


@dataclass(frozen=True, slots=True)
class CompletionUndone(TicketEvent):
    """The visit was not over after all: whoever was told so must be told otherwise."""


@dataclass(frozen=True, slots=True)
class TicketMissed(TicketEvent):
    """Nobody came: 过号."""


@dataclass(frozen=True, slots=True)
class TicketReinstated(TicketEvent):
    """Who missed the call is back in line."""


@dataclass(frozen=True, slots=True)
class ServiceStarted(TicketEvent):
    """The citizen is at the counter."""

    counter_id: int


@dataclass(frozen=True, slots=True)
class VisitCompleted(TicketEvent):
    """The matter is done; happens once in the life of a ticket, unless it was undone."""


@dataclass(frozen=True, slots=True)
class TicketParked(TicketEvent):
    """Put aside: a paper is missing, a result is awaited."""


@dataclass(frozen=True, slots=True)
class TicketReturned(TicketEvent):
    """Who was parked is back in line with the first key."""


@dataclass(frozen=True, slots=True)
class TicketTransferred(TicketEvent):
    """Waits again in another line (`group_id`) with its first key."""

    from_group_id: int


@dataclass(frozen=True, slots=True)
class TicketPassedOn(TicketEvent):
    """One leg of the visit is done; waits in the line of the next (`group_id`) with its first key."""

    from_group_id: int


@dataclass(frozen=True, slots=True)
class TicketAbandoned(TicketEvent):
    """The citizen left, or the day ended."""


@dataclass(frozen=True, slots=True)
class CounterOpened(Event):
    """Somebody sits at the counter, or is back from a pause."""

    counter_id: int
    hall_id: int


@dataclass(frozen=True, slots=True)
class CounterPaused(Event):
    """The counter does not call for a while."""

    counter_id: int
    hall_id: int


@dataclass(frozen=True, slots=True)
class CounterClosed(Event):
    """Nobody sits at the counter any more."""

    counter_id: int
    hall_id: int


@dataclass(frozen=True, slots=True)
class LineFilledUp(Event):
    """Somebody was refused, or few more could be admitted: it is time to look what could be opened."""

    hall_id: int
    group_id: int

    def topics(self) -> list[str]:
        """None: what follows has events of its own."""
        return []


@dataclass(frozen=True, slots=True)
class ExtraTimeProposed(Event):
    """The day will not hold everybody: a counter more or a longer day waits for the duty officer's word."""

    extra_id: int
    hall_id: int
    group_id: int


@dataclass(frozen=True, slots=True)
class ExtraTimeDecided(Event):
    """The duty officer has said yes or no."""

    extra_id: int
    hall_id: int
    group_id: int


@dataclass(frozen=True, slots=True)
class HallDayClosed(Event):
    """A hall's day is over: all its tickets have ended. `on_date` is ISO text."""

    hall_id: int
    on_date: str


@dataclass(frozen=True, slots=True)
class ServicesCorrected(TicketEvent):
    """Other services are done at the counter than the ticket said."""


@dataclass(frozen=True, slots=True)
class CounterOffered(Event):
    """Whoever sits at the counter wants to be relieved, or no longer."""

    counter_id: int
    hall_id: int


@dataclass(frozen=True, slots=True)
class PaperEvent(Event):
    """Something happened to an owed paper: the hall's pages and the ticket's own page refetch."""

    owed_id: int
    hall_id: int
    ticket_id: int

    def topics(self) -> list[str]:
        """`hall:<id>` and `ticket:<id>`."""
        return [f"hall:{self.hall_id}", f"ticket:{self.ticket_id}"]


@dataclass(frozen=True, slots=True)
class PaperOwed(PaperEvent):
    """A matter was accepted with a paper missing."""


@dataclass(frozen=True, slots=True)
class PaperDueSoon(PaperEvent):
    """The paper is due on the next day."""


@dataclass(frozen=True, slots=True)
class PaperSettled(PaperEvent):
    """The paper has come, or is not needed any more."""


@dataclass(frozen=True, slots=True)
class TaskEvent(Event):
    """Something happened to a task of the back office."""

    task_id: int
    hall_id: int
    ticket_id: int

    def topics(self) -> list[str]:
        """`hall:<id>` and `ticket:<id>`."""
        return [f"hall:{self.hall_id}", f"ticket:{self.ticket_id}"]


@dataclass(frozen=True, slots=True)
class BackTaskMoved(TaskEvent):
    """It was opened, or has gone one step."""


@dataclass(frozen=True, slots=True)
class ResultReady(TaskEvent):
    """The result can be collected."""
