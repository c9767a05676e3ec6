"""A recording printer on loopback: answers questions as ESC/POS printers do and keeps every dot."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from web.kiosk import raster

_WELL = 0b0001_0010


class RecordingPrinter:
    """`papers` are the pictures that came out: rows of 72 bytes each."""

    def __init__(self) -> None:
        self.papers: list[list[bytes]] = []
        self.state, self.paper = _WELL, _WELL
        self.is_mute = False  # answers nothing, as behind a print server
        self.tells_end = True  # False: knows its state, and not whether all is out
        self.tells_late = False  # that all is out, once it is asked for its state
        self.asked_again, self.may_answer = threading.Event(), threading.Event()  # its state, after a ticket
        self.may_answer.set()
        self.breaks = ""  # at the picture: "silent" is switched off, "gone" loses the line
        self.drawing, self.may_draw = threading.Event(), threading.Event()
        self.may_draw.set()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._door.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def run_out_of_paper(self) -> None:
        self.state, self.paper = _WELL | 0x20, _WELL | 0x60

    def open_cover(self) -> None:
        self.state = _WELL | 0x04

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)  # wakes who waits at the door
        self._door.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                line, _who = self._door.accept()
            except OSError:
                return
            with line, suppress(ConnectionAbortedError):
                self._read(line)

    def _read(self, line: socket.socket) -> None:
        rows: list[bytes] = []
        file = line.makefile("rb")
        while start := file.read(2):
            rows = self._obey(line, file, start, rows)

    def _obey(self, line, file, start: bytes, rows: list[bytes]) -> list[bytes]:
        if start == b"\x10\x04":
            self._tell(line, file.read(1), is_drawn=bool(rows))
        elif start == b"\x1dr":
            file.read(1)
            if self.tells_end and not self.tells_late:
                self._answer(line, 0)
        elif start == b"\x1b@":
            return []
        elif start == b"\x1dv":
            assert file.read(2) == b"0\x00"
            width, height = (int.from_bytes(file.read(2), "little") for _ in range(2))
            drawn = [file.read(width) for _ in range(height)]
            self.drawing.set()
            self.may_draw.wait(60)
            if self.breaks == "gone":
                line.shutdown(socket.SHUT_RDWR)
            if self.breaks:
                file.read()  # until the other side gives up
                raise ConnectionAbortedError
            return rows + drawn
        elif start == b"\x1bd":
            file.read(1)
        elif start == b"\x1dV":
            file.read(2)
            self.papers.append(rows)
        else:
            raise AssertionError(f"no command: {start!r}")
        return rows

    def _tell(self, line: socket.socket, what: bytes, *, is_drawn: bool) -> None:
        if what == b"\x02" and is_drawn:
            self.asked_again.set()
            self.may_answer.wait(120)
            if self.tells_late:
                self._answer(line, 0)
        self._answer(line, self.state if what == b"\x02" else self.paper)

    def _answer(self, line: socket.socket, byte: int) -> None:
        if not self.is_mute:
            line.sendall(bytes([byte]))


def find_code(rows: list[bytes], modules: str, dots: int = 8) -> bool:
    """Whether the QR code of these modules stands somewhere on the paper, centred."""
    wanted = modules.split()
    left = (raster.WIDTH_DOTS - len(wanted) * dots) // 2
    middles = [left + dots // 2 + dots * at for at in range(len(wanted))]
    lines = ["".join("1" if row[x // 8] & 0x80 >> x % 8 else "0" for x in middles) for row in rows]
    return any(lines[top : top + len(wanted) * dots : dots] == wanted for top in range(len(lines)))


@contextmanager
def recording_printer() -> Iterator[RecordingPrinter]:
    printer = RecordingPrinter()
    try:
        yield printer
    finally:
        printer.close()
