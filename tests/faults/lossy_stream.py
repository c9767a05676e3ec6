"""A proxy on loopback between pages and the live process, which loses what bad networks and gateways lose."""

import socket
import threading
from contextlib import suppress
from typing import Self

GOOD, LOSSY, BAD_GATEWAY = "good", "lossy", "bad gateway"
REFUSAL = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\nConnection: close\r\n\r\n502"
KEPT = b"event: beat"


class LossyStream:
    """`mode`: everything passes, only heartbeats pass, or every request is answered 502."""

    def __init__(self, port: int) -> None:
        self.to_port = port
        self.mode = GOOD
        self.lost = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """End what is open, as a restarted gateway does."""
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                page, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(page,), daemon=True).start()

    def _serve(self, page: socket.socket) -> None:
        self._open.add(page)
        try:
            with page, suppress(OSError):
                request = _until(page, b"\r\n\r\n")
                if not request or self.mode == BAD_GATEWAY:
                    page.sendall(REFUSAL)
                    return
                with socket.create_connection(("127.0.0.1", self.to_port)) as live:
                    live.sendall(request)
                    self._pass_on(live, page)
        finally:
            self._open.discard(page)

    def _pass_on(self, live: socket.socket, page: socket.socket) -> None:
        """The head of the answer, then chunk by chunk: the live process writes each event as one."""
        with live.makefile("rb") as answer:
            while (line := answer.readline()) not in (b"\r\n", b""):
                page.sendall(line)
            page.sendall(b"\r\n")
            while size := answer.readline():
                chunk = answer.read(int(size, 16) + 2)
                if self.mode == LOSSY and b"event:" in chunk and KEPT not in chunk:
                    self.lost += 1
                    continue
                page.sendall(size + chunk)


def _until(page: socket.socket, end: bytes) -> bytes:
    got = b""
    while end not in got:
        more = page.recv(4096)
        if not more:
            return b""
        got += more
    return got
