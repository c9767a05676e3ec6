"""The ticket on paper: the kiosk's browser draws it (it has the fonts), the server sends it to the printer.

A press prints once: the browser that got no answer asks again with the same id.
"""

import base64

from flask import g, request
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError

from kernel.errors import Invalid
from queueing.press import stored
from web import edge, problems
from web.kiosk import printer
from web.kiosk.face import blueprint, kiosk_only
from web.kiosk.spot import booked_here
from web.kiosk.tickets import find_here

_REMEMBERED_SECONDS = 900


class PaperMalformed(Invalid):
    """What the kiosk drew is no picture of a ticket, or the kiosk has no network printer."""

    code = "paper_malformed"
    zh = "小票没有打出来：这台自助机没有配好打印机。号码有效，请记住号码或请工作人员补打。"
    en = "The ticket was not printed: no printer is set up here. Your number is valid; please remember it."


@blueprint.post("/ticket/<reference>/print")
@kiosk_only
def print_ticket(reference: str) -> ResponseReturnValue:
    """Print what the browser drew; 204 once it is out, else a sentence to show beside the number."""
    with edge.transaction() as session:
        ticket = find_here(session, reference)
    return _print_once(str(ticket.id))


@blueprint.post("/booked/print")
@kiosk_only
def print_booking() -> ResponseReturnValue:
    """Print the slip of what was just booked here; answers as `print_ticket` does."""
    with edge.transaction() as session:
        draft = booked_here(session).draft
    return _print_once(f"b{draft.id}")


def _print_once(what: str) -> ResponseReturnValue:
    mark = f"printed:{g.device.id}:{what}:{stored(request.form.get('press')) or ''}"
    if not _is_first(mark):
        return "", 204
    try:
        _print()
    except (printer.PrinterUnreachable, printer.PrinterOutOfPaper, printer.PrinterStopped, Invalid) as fault:
        _forget(mark)
        sentence = fault.sentence(edge.language())
        return sentence, problems.status_of(fault), {"Content-Type": "text/plain; charset=utf-8"}
    return "", 204


def _print() -> None:
    if not g.device.printer[:1].isdigit():
        raise PaperMalformed
    try:
        printer.print_dots(g.device.printer, base64.b64decode(request.form.get("dots", ""), validate=True))
    except ValueError as error:
        raise PaperMalformed from error


def _is_first(mark: str) -> bool:
    """Without Redis a ticket may come out twice, which harms nobody; not at all would."""
    try:
        return bool(edge.parts().redis.set(mark, b"", nx=True, ex=_REMEMBERED_SECONDS))
    except RedisError:
        return True


def _forget(mark: str) -> None:
    try:
        edge.parts().redis.delete(mark)
    except RedisError:
        return
