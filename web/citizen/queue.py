"""The live queue of one ticket, asked again every 15 seconds while it is looked at."""

from dataclasses import dataclass, field
from datetime import datetime

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from catalog.models import Service
from catalog.queries import services_of
from feedback.queries import find_rating, find_survey_of_ticket
from halls.models import Hall
from notifications.phones import phone_of_ticket
from queueing.come_back import can_return_until
from queueing.extra_time import kinds_agreed
from queueing.models import Ticket
from queueing.parked import is_left_alone
from queueing.policy import QueuePolicy
from queueing.queries import TicketView, get_ticket, ticket_view
from queueing.silence import set_silent
from queueing.states import FINAL, TicketState
from queueing.today import today_of
from web import edge
from web.citizen.face import blueprint
from web.citizen.left import Left, left_of
from web.citizen.why import why_called, why_others_first
from web.fragments import fragment
from web.guards import public

POLL_SECONDS = 15
SURVEY_SECONDS = 3  # a completed visit gets its survey by an event, moments later


@dataclass(frozen=True, slots=True)
class Stand:
    """How a ticket stands. `survey` is where its completed visit can be rated; `rated` says that it was.

    `has_phone`: we can send its owner messages. `relief`: where it will be late, what was agreed to for its
    line (`flex`, `extension`), and `service`, for which another time can be booked. `why`: why it was called.
    `counter_closed`: nobody sits any more where it was put aside. `back_until`: a missed ticket comes back
    into the line until then.
    """

    ticket: Ticket
    view: TicketView
    hall: Hall
    policy: QueuePolicy
    survey: str | None
    rated: bool
    today: bool
    has_phone: bool = False
    relief: frozenset[str] = frozenset()
    left: Left = field(default_factory=Left)
    why: str = ""
    service: Service | None = None
    counter_closed: bool = False
    back_until: datetime | None = None

    @property
    def rules(self) -> list[str]:
        """Why others may be called before it."""
        return why_others_first(self.policy.discipline)

    @property
    def passed(self) -> bool:
        """Whether it now waits in another line than the one it was given for: the next leg, or a transfer."""
        return self.ticket.state == "waiting" and self.ticket.group_id != self.ticket.issued_group_id

    @property
    def poll_seconds(self) -> int | None:
        """When to ask again; None once nothing will change any more."""
        if not self.today:
            return None
        if self.ticket.state == "completed" and self.survey is None:
            return SURVEY_SECONDS
        return None if self.ticket.state in FINAL else POLL_SECONDS


def _read(reference: str) -> Stand:
    with edge.transaction() as session:
        ticket = get_ticket(session, reference)
        survey = find_survey_of_ticket(session, ticket.id)
        today = today_of(session, ticket.hall_id, now=edge.now())
        view = ticket_view(session, ticket, now=edge.now())
        late = view.promise_at_risk
        again = late or view.line_closed or ticket.state == TicketState.ABANDONED
        return Stand(
            ticket=ticket,
            view=view,
            hall=today.hall,
            policy=today.policy,
            survey=survey.reference if survey else None,
            rated=survey is not None and find_rating(session, survey) is not None,
            today=ticket.on_date == today.on_date,
            has_phone=phone_of_ticket(session, ticket) is not None,
            left=left_of(session, ticket.id),
            relief=kinds_agreed(session, ticket.group_id, now=edge.now()) if late else frozenset(),
            why=why_called(session, ticket, today.zone),
            service=next(iter(services_of(session, ticket.service_ids)), None) if again else None,
            counter_closed=is_left_alone(session, ticket),
            back_until=can_return_until(session, today, ticket, now=edge.now()),
        )


@blueprint.get("/q/<reference>")
@public
def ticket(reference: str) -> ResponseReturnValue:
    """The whole page."""
    return render_template("citizen/ticket.html", it=_read(reference))


@blueprint.get("/q/<reference>/live")
@public
def live_ticket(reference: str) -> Response:
    """What changes on it; 204 while nothing has."""
    return fragment("citizen/_ticket.html", it=_read(reference))


@blueprint.post("/q/<reference>/calling")
@public
def choose_calling(reference: str) -> ResponseReturnValue:
    """Be called without sound, or aloud again; whoever holds the ticket may say so."""
    silent = request.form.get("silent") == "1"
    with edge.transaction() as session:
        set_silent(session, get_ticket(session, reference), silent=silent, actor=edge.actor(), now=edge.now())
    said = _("好的，叫到您时只在屏幕上显示，不出声。") if silent else _("好的，叫到您时会出声叫号。")
    flash(said, "ok")
    return redirect(url_for(".ticket", reference=reference), 303)
