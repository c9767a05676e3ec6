"""A taken port is named before anything is started."""

import socket

import pytest

from runtime.ports import PortTaken, find_free, is_free, require_free


def test_a_taken_port_is_refused_by_number() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        with pytest.raises(PortTaken, match=str(port)):
            require_free("127.0.0.1", port)
    require_free("127.0.0.1", port)


def test_a_found_port_is_free() -> None:
    assert is_free("127.0.0.1", find_free())
