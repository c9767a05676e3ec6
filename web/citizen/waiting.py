"""At a release peak: a page whose browser works for a second, or waits for half a minute without scripts."""

from flask import after_this_request, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kernel.errors import NotFound
from web.citizen.face import blueprint
from web.device import give_device
from web.guards import public
from web.problems import status_of
from web.proof import (
    FIELD,
    TICKET_FIELD,
    ProofRequired,
    begin_waiting,
    read_waiting,
    wanted_fields,
    wish_of_request,
)


class NothingToWaitFor(NotFound):
    """The address names no wish of this browser."""

    code = "nothing_to_wait_for"
    zh = "没有正在等待的预约，请重新选择时段。"
    en = "Nothing is waiting here. Please choose a time again."


@blueprint.errorhandler(ProofRequired)
def on_proof_required(error: ProofRequired) -> ResponseReturnValue:
    """The same wish again, to be sent with a proof; beside it the way without."""
    after_this_request(give_device)
    page = render_template(
        "citizen/proof.html",
        to=request.path,
        fields=wanted_fields(),
        field=FIELD,
        challenge=error.params["challenge"],
        bits=error.params["bits"],
        wait=url_for("citizen.wait", ask=wish_of_request()),
        here=url_for("citizen.home"),
    )
    return page, status_of(error)


@blueprint.get("/wait")
@public
def wait() -> ResponseReturnValue:
    """Begin to wait, or see whether it is time: the page asks again by itself, also without scripts."""
    asked = request.args.get("ask")
    if asked:
        ticket = begin_waiting(asked)
        return redirect(url_for(".wait", ticket=ticket), 303)
    ticket = request.args.get("ticket", "")
    waiting = read_waiting(ticket)
    if waiting is None or not waiting.ready_at:
        raise NothingToWaitFor
    return render_template(
        "citizen/wait.html",
        waiting=waiting,
        fields={**waiting.fields, TICKET_FIELD: ticket},
        again=url_for(".wait", ticket=ticket),
        here=url_for(".wait", ticket=ticket),
    )
