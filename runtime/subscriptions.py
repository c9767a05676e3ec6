"""Event → handlers: who reacts to what, on one screen. Also in docs/events.md.

A handler is `handler(session, event, *, now)`; it only writes rows and may be tried again.
"""

from collections.abc import Mapping
from types import MappingProxyType

from booking import events as booking
from catalog import events as catalog
from feedback import ask, cases, hear_reply
from feedback import events as feedback
from halls import events as halls
from kernel.outbox import Event
from notifications import events as notifications
from notifications import tell, tell_after, tell_decisions, tell_soon, tell_undone, tell_wait
from people import events as people
from queueing import events as queueing
from queueing import extra_time, follow_booking, leave, standby, unanswered
from runtime import schedule
from runtime.deliveries import Handler

SUBSCRIPTIONS: Mapping[type[Event], tuple[Handler, ...]] = MappingProxyType(
    {
        people.PhoneCodeRequested: (tell.phone_code,),
        booking.AppointmentBooked: (tell.booked,),
        booking.AppointmentRescheduled: (tell.rescheduled,),
        booking.AppointmentCorrected: (tell.corrected, follow_booking.follow_correction),
        booking.AppealDecided: (tell_decisions.appeal_decided,),
        booking.DocumentAppealDecided: (tell_decisions.document_appeal_decided,),
        booking.SpecialRequestDecided: (tell_decisions.special_request_decided,),
        booking.SpecialRequestExpired: (tell_decisions.special_request_expired,),
        booking.AppointmentCancelled: (tell.cancelled, leave.leave_with_booking),
        booking.AppointmentPartlyDone: (tell.partly_done,),
        booking.AppointmentReopened: (tell.reopened,),
        booking.WaitlistOffered: (tell_wait.offered,),
        booking.WaitlistOfferLost: (tell_wait.offer_lost,),
        queueing.LineFilledUp: (extra_time.look_again, standby.look_again),
        queueing.TicketCalled: (tell.called, tell_soon.three_ahead),
        queueing.CallUnanswered: (unanswered.follow_up,),
        queueing.CounterOpened: (standby.look_again,),
        queueing.ExtraTimeDecided: (standby.look_again,),
        queueing.TicketMissed: (tell.missed,),
        queueing.TicketAbandoned: (tell_soon.three_ahead,),
        queueing.TicketPassedOn: (tell.next_leg,),
        queueing.VisitCompleted: (ask.ask,),
        queueing.PaperOwed: (tell_after.paper_owed,),
        queueing.PaperDueSoon: (tell_after.paper_due,),
        queueing.ResultReady: (tell_after.result_ready,),
        queueing.CallUndone: (tell_undone.call_undone,),
        queueing.StepUndone: (tell_undone.step_undone,),
        queueing.CompletionUndone: (ask.take_back,),
        notifications.ReplyReceived: (hear_reply.hear,),
        feedback.RatingGiven: (cases.open_case,),
        schedule.TimeCame: (schedule.run,),
    }
)

#: Events that only nudge live pages, which their topics do.
UNHEARD: frozenset[type[Event]] = frozenset(
    {
        people.DeviceChanged,
        halls.HallSaved,
        halls.ClosureAdded,
        halls.ClosureLifted,
        catalog.ServicesSaved,
        booking.NumbersPublished,
        booking.NumbersChanged,
        booking.CancellationBegun,
        booking.CancellationUndone,
        booking.AppointmentCheckedIn,
        booking.CheckInUndone,
        booking.AppointmentFulfilled,
        booking.AppointmentNoShow,
        queueing.TicketIssued,
        queueing.StandbyPromoted,
        queueing.TicketRecalled,
        queueing.TicketReinstated,
        queueing.ServiceStarted,
        queueing.TicketParked,
        queueing.TicketReturned,
        queueing.TicketTransferred,
        queueing.ServicesCorrected,
        queueing.PaperSettled,
        queueing.BackTaskMoved,
        queueing.CounterOffered,
        queueing.CounterPaused,
        queueing.CounterClosed,
        queueing.HallDayClosed,
        queueing.ExtraTimeProposed,
        feedback.CaseOpened,
        feedback.CaseMoved,
    }
)


def name_of(handler: Handler) -> str:
    """The name under which a delivery remembers its handler: `notifications.tell.booked`."""
    return f"{handler.__module__}.{handler.__qualname__}"


#: Every handler by its name.
HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {name_of(handler): handler for handlers in SUBSCRIPTIONS.values() for handler in handlers}
)

#: What takes all events of a batch together, instead of the handler of each.
OF_MANY: Mapping[str, Handler] = MappingProxyType({name_of(tell.booked): tell.all_booked})

#: Handlers that take long, or lock a line or a ticket; their deliveries have transactions of their own.
APART: frozenset[str] = frozenset(
    map(
        name_of,
        (
            schedule.run,
            extra_time.look_again,
            standby.look_again,
            leave.leave_with_booking,
            follow_booking.follow_correction,
            unanswered.follow_up,
        ),
    )
)

#: For what these do nobody waits, and those of all halls may come due at once: other effects and messages go
#: before them.
LATER: frozenset[str] = frozenset({name_of(schedule.run)})

_NAMES = {event.name(): tuple(map(name_of, handlers)) for event, handlers in SUBSCRIPTIONS.items()}


def handlers_of(event_name: str) -> tuple[str, ...]:
    """The names of the handlers of an event; none for an unheard one."""
    return _NAMES.get(event_name, ())
