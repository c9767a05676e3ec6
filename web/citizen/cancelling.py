"""Cancelling a booking: one press, which can be taken back for two minutes.

Only a press cancels: programs that look at the links of messages ask for pages, and change nothing.
"""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from booking.cancel import cancel
from booking.errors import CancellationCounts
from booking.queries import get_appointment, person_of
from booking.undo_cancel import undo_cancel
from kernel.errors import DomainError
from web import edge
from web.citizen.bookings import booking_page, read_shown
from web.citizen.face import blueprint
from web.guards import public
from web.limits import limit_booking_try
from web.problems import status_of


@blueprint.get("/b/<reference>/cancel")
@public
def ask_cancel(reference: str) -> ResponseReturnValue:
    """Say what cancelling means; one button."""
    return _page(reference)


def _page(reference: str, refusal: str = "") -> str:
    here = url_for(".ask_cancel", reference=reference)
    return render_template("citizen/cancel.html", it=read_shown(reference), refusal=refusal, here=here)


@blueprint.post("/b/<reference>/cancel")
@public
def submit_cancel(reference: str) -> ResponseReturnValue:
    """Cancel; twice is once. Where it counts as missed, only from the page that says so (`counts`)."""
    knows = request.form.get("counts") == "1"
    try:
        with edge.transaction() as session:
            cancel(
                session,
                get_appointment(session, reference),
                reason="citizen",
                actor=edge.actor(),
                now=edge.now(),
                may_undo=True,
                despite_late=knows,
            )
    except CancellationCounts:
        return redirect(url_for(".ask_cancel", reference=reference), 303)
    except DomainError as refusal:
        return _page(reference, refusal.sentence(edge.language())), status_of(refusal)
    flash(_("预约已取消。"), "ok")
    return redirect(url_for(".booking", reference=reference), 303)


@blueprint.post("/b/<reference>/undo-cancel")
@public
def submit_undo_cancel(reference: str) -> ResponseReturnValue:
    """Take the cancellation back; twice is once."""
    try:
        with edge.transaction() as session:
            appointment = get_appointment(session, reference)
            limit_booking_try(session, person_of(session, appointment), appointment.phone_index)
            undo_cancel(session, appointment, actor=edge.actor(), now=edge.now())
    except DomainError as refusal:
        said = {"_undo": refusal.sentence(edge.language())}
        return booking_page(reference, said, _("没有撤销")), status_of(refusal)
    flash(_("已撤销取消，预约照旧。"), "ok")
    return redirect(url_for(".booking", reference=reference), 303)
