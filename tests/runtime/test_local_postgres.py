"""The local PostgreSQL starts anywhere, is found again, and says what is wrong."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from runtime import local_postgres
from runtime.server_home import LocalServer, ServerNotStarted, socket_directory, wait_until
from tests.runtime.conftest import StartServer


def ask(server: LocalServer, statement: str) -> Any:
    address = server.url.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def test_starts_with_what_the_product_relies_on(var: Path, start_postgres: StartServer) -> None:
    server = start_postgres(var, durable=True)
    assert not server.adopted
    assert ask(server, "SHOW timezone") == "UTC"
    assert ask(server, "SHOW jit") == "off"
    assert ask(server, "SHOW fsync") == "on"
    assert ask(server, "SHOW listen_addresses") == ""
    assert ask(server, "SHOW shared_buffers") == "128MB"
    assert ask(server, "SELECT current_database()") == "youhao"
    ask(server, "CREATE EXTENSION pg_trgm")
    ask(server, "CREATE EXTENSION btree_gist")


def test_trigrams_of_chinese_words_exist(var: Path, start_postgres: StartServer) -> None:
    server = start_postgres(var)
    ask(server, "CREATE EXTENSION pg_trgm")
    assert ask(server, "SELECT similarity('居民身份证', '身份证')") > 0


def test_sockets_are_private_to_the_server_user(var: Path, start_postgres: StartServer) -> None:
    server = start_postgres(var)
    directory = socket_directory(var)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert server.socket.owner() == ("nobody" if os.geteuid() == 0 else directory.owner())
    assert len(os.fsencode(server.socket)) <= 103


def test_a_living_server_is_adopted(var: Path, start_postgres: StartServer) -> None:
    first = start_postgres(var)
    second = start_postgres(var)
    assert second.adopted
    assert (second.pid, second.url) == (first.pid, first.url)


def test_two_installations_live_side_by_side(tmp_path: Path, start_postgres: StartServer) -> None:
    one, other = start_postgres(tmp_path / "one"), start_postgres(tmp_path / "other")
    ask(one, "CREATE TABLE only_here (x int)")
    assert ask(other, "SELECT to_regclass('only_here')") is None


def test_data_survives_a_kill(var: Path, start_postgres: StartServer) -> None:
    first = start_postgres(var, durable=True)
    ask(first, "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(first.pid, signal.SIGKILL)
    assert wait_until(lambda: not first.is_alive(), seconds=60)
    second = start_postgres(var)
    assert not second.adopted
    assert ask(second, "SELECT answer FROM kept") == 42


def test_a_pid_given_to_a_stranger_is_not_taken_for_the_server(
    var: Path, start_postgres: StartServer
) -> None:
    first = start_postgres(var)
    local_postgres.stop(first)
    # The user who runs the server, so that PostgreSQL itself would believe the file.
    with subprocess.Popen(["/bin/sleep", "60"], user=first_owner(var), cwd="/") as stranger:
        record = var / "postgres" / "postmaster.pid"
        record.write_text(f"{stranger.pid}\n{var}\n1\n5432\n\n\n\nready   \n")
        os.chown(record, first_owner(var), -1)
        second = start_postgres(var)
        stranger.kill()
    assert not second.adopted


def test_a_dead_server_that_nobody_has_buried_is_not_taken_for_a_living_one(
    var: Path, start_postgres: StartServer
) -> None:
    dead = start_postgres(var)
    os.kill(dead.pid, signal.SIGKILL)
    os.waitid(os.P_PID, dead.pid, os.WEXITED | os.WNOWAIT)  # ended, and left as it is
    assert not start_postgres(var).adopted


def first_owner(var: Path) -> int:
    return (var / "postgres").stat().st_uid


def test_a_very_long_path_works(tmp_path: Path, start_postgres: StartServer) -> None:
    deep = tmp_path
    while len(str(deep)) < 1500:
        deep /= "a-very-long-directory-name-with-中文-inside"
    assert ask(start_postgres(deep), "SELECT 1") == 1


def test_data_of_another_version_is_refused_by_name(var: Path, start_postgres: StartServer) -> None:
    local_postgres.stop(start_postgres(var))
    (var / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(ServerNotStarted, match=r"made by PostgreSQL 15.*brings 18") as refusal:
        start_postgres(var)
    assert str(var / "postgres") in str(refusal.value)


def test_an_interrupted_first_start_is_repeated(var: Path, start_postgres: StartServer) -> None:
    half = var / "postgres.unfinished"
    half.mkdir(parents=True, mode=0o700)
    (half / "PG_VERSION").write_text("18\n")
    assert ask(start_postgres(var), "SELECT 1") == 1


def test_foreign_files_in_the_data_directory_are_not_touched(var: Path, start_postgres: StartServer) -> None:
    (var / "postgres").mkdir(parents=True, mode=0o700)
    (var / "postgres" / "thesis.txt").write_text("mine")
    with pytest.raises(ServerNotStarted, match="postgres"):
        start_postgres(var)
    assert (var / "postgres" / "thesis.txt").read_text() == "mine"


def test_a_link_in_place_of_the_socket_directory_is_refused(
    var: Path, start_postgres: StartServer, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    socket_directory(var).symlink_to(trap)
    try:
        with pytest.raises(ServerNotStarted, match="must be a directory"):
            start_postgres(var)
    finally:
        socket_directory(var).unlink()


def test_the_log_holds_no_values_of_a_failed_statement(var: Path, start_postgres: StartServer) -> None:
    server = start_postgres(var)
    ask(server, "CREATE TABLE person (phone text PRIMARY KEY)")
    ask(server, "INSERT INTO person VALUES ('13912345678')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        ask(server, "INSERT INTO person VALUES ('13912345678')")
    assert "13912345678" not in (var / "log" / "postgres.log").read_text()


def test_another_process_finds_the_server(var: Path, start_postgres: StartServer) -> None:
    first = start_postgres(var)
    code = (
        f"from pathlib import Path; from runtime.local_postgres import start; s = start(Path({str(var)!r}))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}; print(s.pid, s.adopted)"], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == [str(first.pid), "True"]
