"""The local Valkey starts anywhere, keeps its data over a kill, and is found again."""

import os
import signal
from pathlib import Path

from runtime import local_valkey
from runtime.redis_client import is_reachable, make_client
from runtime.server_home import wait_until
from tests.runtime.conftest import StartServer


def test_starts_without_a_port_and_without_forgetting(var: Path, start_valkey: StartServer) -> None:
    with make_client(start_valkey(var, durable=True).url) as client:
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_a_living_server_is_adopted(var: Path, start_valkey: StartServer) -> None:
    first = start_valkey(var)
    second = start_valkey(var)
    assert second.adopted
    assert second.pid == first.pid


def test_data_survives_a_kill(var: Path, start_valkey: StartServer) -> None:
    first = start_valkey(var, durable=True)
    with make_client(first.url) as client:
        client.set("kept", "yes")
        client.execute_command("WAITAOF", 1, 0, 900)
    os.kill(first.pid, signal.SIGKILL)
    assert wait_until(lambda: not first.is_alive(), seconds=60)
    second = start_valkey(var, durable=True)
    assert not second.adopted
    with make_client(second.url) as client:
        assert client.get("kept") == b"yes"


def test_an_unreadable_file_does_not_keep_the_program_down(var: Path, start_valkey: StartServer) -> None:
    local_valkey.stop(start_valkey(var, durable=True))
    manifest = next((var / "valkey" / "appendonlydir").glob("*.manifest"))
    manifest.write_text("nonsense\n")
    with make_client(start_valkey(var, durable=True).url) as client:
        assert client.dbsize() == 0
    assert list((var / "valkey").glob("unreadable-*"))


def test_two_installations_live_side_by_side(tmp_path: Path, start_valkey: StartServer) -> None:
    with (
        make_client(start_valkey(tmp_path / "one").url) as one,
        make_client(start_valkey(tmp_path / "other").url) as other,
    ):
        one.set("only", "here")
        assert other.get("only") is None


def test_a_very_long_path_works(tmp_path: Path, start_valkey: StartServer) -> None:
    deep = tmp_path
    while len(str(deep)) < 1500:
        deep /= "a-very-long-directory-name-with-中文-inside"
    with make_client(start_valkey(deep).url) as client:
        assert is_reachable(client)
