"""The ticket on paper: the kiosk's browser draws it (it has the fonts), the server sends it to the printer.

A press prints once: the browser that got no answer asks again with the same id. The mark of a press says
whether it is being printed or was printed; a fault takes it away, so that the same press can print later.
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
_LONGEST_SECONDS = 40  # no printing takes that long: whoever began it has died
_PRINTING, _PRINTED = b"printing", b"printed"
# Whether a printer says when all is out: known over a weekend, not for ever, as another may get its address.
_TELLS_END_SECONDS = 3 * 86_400


class PaperMalformed(Invalid):
    """What the kiosk drew is no picture of a ticket, or the kiosk has no network printer."""

    code = "paper_malformed"
    zh = "小票没有打出来：这台自助机没有配好打印机。号码有效，请记住号码或请工作人员补打。"
    en = "The ticket was not printed: no printer is set up here. Your number is valid; please remember it."


@blueprint.post("/ticket/<reference>/print")
@kiosk_only
def print_ticket(reference: str) -> ResponseReturnValue:
    """Print what the browser drew; 204 once it is out, else a sentence to show beside the number.

    202 while the same press is being printed: ask again for what became of it.
    """
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
    before = _begin(mark)
    if before is not None:
        return "", 204 if before else 202
    is_out = False
    try:
        _print()
        is_out = True
    except (printer.PrinterUnreachable, printer.PrinterOutOfPaper, printer.PrinterStopped, Invalid) as fault:
        sentence = fault.sentence(edge.language())
        return sentence, problems.status_of(fault), {"Content-Type": "text/plain; charset=utf-8"}
    finally:
        _end(mark, is_out=is_out)
    return "", 204


def _print() -> None:
    if not g.device.printer[:1].isdigit():
        raise PaperMalformed
    address = g.device.printer
    try:
        dots = base64.b64decode(request.form.get("dots", ""), validate=True)
        told = printer.print_dots(address, dots, tells_end=_tells_end(address))
        if told is not None:
            _remember_whether_told(address, told=told)
    except ValueError as error:
        raise PaperMalformed from error


def _tells_end(address: str) -> bool | None:
    """Whether the printer there said at its last ticket that all is out; None when not known."""
    try:
        told = edge.parts().redis.get(f"tells-end:{address}")
    except RedisError:
        return None
    return None if told is None else told == b"1"


def _remember_whether_told(address: str, *, told: bool) -> None:
    try:
        edge.parts().redis.set(f"tells-end:{address}", int(told), ex=_TELLS_END_SECONDS)
    except RedisError:
        return


def _begin(mark: str) -> bool | None:
    """None when this request is to print; else whether the same press has been printed yet.

    Without Redis a ticket may come out twice, which harms nobody; not at all would.
    """
    redis = edge.parts().redis
    try:
        if redis.set(mark, _PRINTING, nx=True, ex=_LONGEST_SECONDS):
            return None
        return redis.get(mark) == _PRINTED
    except RedisError:
        return None


def _end(mark: str, *, is_out: bool) -> None:
    try:
        if is_out:
            edge.parts().redis.set(mark, _PRINTED, ex=_REMEMBERED_SECONDS)
        else:
            edge.parts().redis.delete(mark)
    except RedisError:
        return
