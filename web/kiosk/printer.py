"""Sends a ticket to a printer of the hall's own network, and finds out whether it came out."""

import socket
import time

from kernel.errors import Unavailable
from people.devices import read_address
from web.kiosk import raster

CONNECT_SECONDS, ANSWER_SECONDS, DONE_SECONDS = 2.0, 0.6, 6.0
UNTOLD_SECONDS = 2.0  # where the end is never told: a ticket is out by then, or its fault is known


class PrinterUnreachable(Unavailable):
    """No connection, or it broke off."""

    code = "printer_unreachable"
    zh = "小票没有打出来：打印机没有回应。号码有效，请拍下屏幕、扫码或记住号码，也可以请工作人员补打。"
    en = (
        "The ticket was not printed: the printer does not answer. Your number is valid: take a photo, scan "
        "the code or remember it, or ask the staff to print it."
    )


class PrinterOutOfPaper(Unavailable):
    """The paper is used up."""

    code = "printer_out_of_paper"
    zh = "小票没有打出来：打印机缺纸。号码有效，请拍下屏幕、扫码或记住号码，也可以请工作人员补打。"
    en = (
        "The ticket was not printed: the printer is out of paper. Your number is valid: take a photo, scan "
        "the code or remember it, or ask the staff to print it."
    )


class PrinterStopped(Unavailable):
    """The cover is open, or the printer reports a fault."""

    code = "printer_stopped"
    zh = "小票没有打出来：打印机有故障。号码有效，请拍下屏幕、扫码或记住号码，也可以请工作人员补打。"
    en = (
        "The ticket was not printed: the printer's cover is open or it has a fault. Your number is valid: "
        "take a photo, scan the code or remember it, or ask the staff to print it."
    )


def print_dots(address: str, dots: bytes, *, tells_end: bool | None = None) -> bool | None:
    """Print rows of dots on the printer at `address` (as in `people.models.Device.printer`).

    Returns whether it told that all is out, None when it answers no questions, as behind print servers;
    `tells_end` is what this printer returned before. One that told, and now does not, has stopped: its paper
    did not come out. Many know their state (`DLE EOT`) and not this question (`GS r 1`): they are trusted
    when they report no fault after all was sent, and the next time the end is not waited for as long. So is
    who answers nothing trusted. One that falls silent has been switched off.

    Raises:
        PrinterUnreachable, PrinterOutOfPaper, PrinterStopped, PictureMalformed
    """
    data = raster.encode(dots)
    try:
        with socket.create_connection(read_address(address), timeout=CONNECT_SECONDS) as line:
            talks = _refuse_if_unable(line)
            line.settimeout(DONE_SECONDS)
            line.sendall(data + raster.ASK_DONE)
            # The state is told once all before it was taken in: a slow printer is given as long as ever.
            known = tells_end is False
            is_done = _answer(line, seconds=UNTOLD_SECONDS if known else DONE_SECONDS) is not None
            still_talks = _refuse_if_unable(line, seconds=DONE_SECONDS if known else None)
            if talks and not is_done and not still_talks:
                raise PrinterUnreachable
            if tells_end and not is_done:
                raise PrinterStopped if still_talks else PrinterUnreachable
            return is_done if is_done or still_talks else None
    except OSError as error:
        raise PrinterUnreachable from error


def _refuse_if_unable(line: socket.socket, *, seconds: float | None = None) -> bool:
    """Whether it answers at all, in so many seconds (ANSWER_SECONDS); raises what it says is wrong."""
    line.sendall(raster.ASK_STATE)
    state = _answer(line, seconds=ANSWER_SECONDS if seconds is None else seconds)
    if seconds is not None and state is not None and not raster.is_state(state):
        state = _answer(line, seconds=seconds)  # before it came, late, that all is out
    paper = None
    if state is not None:
        line.sendall(raster.ASK_PAPER)
        paper = _answer(line, seconds=ANSWER_SECONDS)
    found = raster.read_state(state, paper)
    if found.paper_gone:
        raise PrinterOutOfPaper
    if found.cover_open or found.fault:
        raise PrinterStopped
    return state is not None


def _answer(line: socket.socket, *, seconds: float) -> int | None:
    """The next byte, None when it does not come in time."""
    line.settimeout(max(seconds, 0.01))
    began = time.monotonic()
    try:
        byte = line.recv(1)
    except TimeoutError:
        return None
    if not byte:
        # Closed: what was not asked for in time counts as broken off.
        raise ConnectionError(f"closed after {time.monotonic() - began:.1f} s")
    return byte[0]
