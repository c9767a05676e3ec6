"""TCP ports: whether one is free, said before anything else is started."""

import socket


class PortTaken(Exception):
    """Something else listens where we were told to."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"Port {port} on {host} is in use by another program. Choose another one: --port {port + 10}"
        )


def is_free(host: str, port: int) -> bool:
    """True when a server can listen on `host`:`port` now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As our servers do: a port whose old connections still fade away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def require_free(host: str, port: int) -> None:
    """Raise `PortTaken` unless a server can listen on `host`:`port`."""
    if not is_free(host, port):
        raise PortTaken(host, port)


def find_free(host: str = "127.0.0.1") -> int:
    """Return a port that is free at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
