"""The console of a window officer: choose a counter, then call, serve and finish by keys."""

from functools import partial

from flask import Flask, flash, redirect, render_template, request, url_for
from flask import session as cookie_session
from flask.typing import ResponseReturnValue

from halls.queries import list_halls
from queueing.counters import counter_of_staff
from queueing.desk import find_in_hall, list_seats, matters_of
from queueing.errors import CounterNotOpen, NotYourCounter
from queueing.queries import ticket_view
from web import edge
from web.console import reception, villages
from web.console.actions import call_at_once, carry_out
from web.console.face import blueprint, facts, get_desk
from web.console.once import once
from web.fragments import fragment
from web.guards import staff_only

__all__ = ["reception", "register", "villages"]


@blueprint.get("")
@staff_only("counter.work")
def home() -> ResponseReturnValue:
    """Straight to the officer's counter, else the counters to choose from."""
    who = edge.actor()
    with edge.transaction() as session:
        own = counter_of_staff(session, who.id) if who.id else None
        halls = [hall for hall in list_halls(session) if who.may("counter.work", hall.id)]
        seats = [(hall, list_seats(session, hall.id)) for hall in halls]
    if own is not None and "choose" not in request.args:
        return redirect(url_for("console.desk_page", counter_id=own.counter_id), 303)
    return render_template("console/choose.html", seats=seats, own=own)


@blueprint.get("/counters/<int:counter_id>")
@staff_only("counter.work")
def desk_page(counter_id: int) -> ResponseReturnValue:
    """The whole desk."""
    try:
        with edge.transaction() as session:
            found = get_desk(session, counter_id)
    except CounterNotOpen:
        return redirect(url_for("console.home"), 303)
    return render_template("console/desk.html", **facts(found))


@blueprint.get("/counters/<int:counter_id>/desk")
@staff_only("counter.work")
def desk_part(counter_id: int) -> ResponseReturnValue:
    """What changes on it. A counter that was closed or taken over meanwhile leads to the choice."""
    try:
        with edge.transaction() as session:
            found = get_desk(session, counter_id)
    except (CounterNotOpen, NotYourCounter):
        return redirect(url_for("console.home"), 303)
    return fragment("console/_desk.html", **facts(found))


@blueprint.get("/counters/<int:counter_id>/find")
@staff_only("counter.work")
def find(counter_id: int) -> ResponseReturnValue:
    """A ticket by its number: where it is, and what can be done with it here."""
    label = request.args.get("q", "").strip()[:8]
    with edge.transaction() as session:
        desk = get_desk(session, counter_id)
        ticket = find_in_hall(session, desk.hall.id, label, now=edge.now())
        view = ticket_view(session, ticket, now=edge.now()) if ticket else None
        matters = matters_of(session, ticket) if ticket else []
    row_id = ticket.id if ticket else None
    found = {"label": label, "ticket": view, "row_id": row_id, "matters": matters}
    return render_template("console/find.html", **found, **facts(desk))


@blueprint.post("/counters/<int:counter_id>/<action>")
@staff_only("counter.work")
def act(counter_id: int, action: str) -> ResponseReturnValue:
    """One press of a key."""
    said = call_at_once(counter_id) if action == "next" else None
    category, sentence = said or once(partial(carry_out, counter_id=counter_id, action=action))
    # The first answer to this press may have been lost on its way: its sentence still waits in the cookie.
    if (category, sentence) not in cookie_session.get("_flashes", []):
        flash(sentence, category)
    if action == "close":
        return redirect(url_for("console.home"), 303)
    return redirect(url_for("console.desk_page", counter_id=counter_id), 303)


def register(app: Flask) -> None:
    """Add the console."""
    app.register_blueprint(blueprint)
