"""`youhao up` as people meet it; what takes longer is in tests/faults/test_up.py."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from runtime.server_home import is_running, wait_until
from tests.running import STOPS_WITHIN, Running, launch, running, two_free_ports

FACES = (
    "/", "/services", "/queues", "/my", "/kiosk/{hall}/home", "/screen/{hall}", "/sign-in", "/simulator/",
    "/api/v1/docs", "/api/v1/openapi.json", "/api/v1/halls", "/health", "/health/ready",
)  # fmt: skip


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("up") / "var") as started:
        yield started


def refused(started: Running) -> str:
    """What it says when it does not start."""
    assert started.wait_until_ended() == 1
    assert not any(line.startswith("Traceback") for line in started.lines), started.lines
    return "\n".join(started.lines)


def test_prints_every_face_and_then_that_it_is_ready(installation: Running) -> None:
    assert installation.lines[-1] == f"ready {installation.url}"
    addresses = [word for line in installation.lines[:-1] for word in line.split() if word.startswith("http")]
    assert (
        len(addresses) == 6
    )  # citizens, a kiosk, a screen, staff, SMS, API; the other halls stand in a file
    assert all(address.startswith(f"{installation.url}/") for address in addresses)
    for address in addresses:
        assert requests.get(address, timeout=10).status_code == 200, address
    assert f"all accounts           {installation.var}/demo-accounts.json" in "\n".join(installation.lines)


def test_says_nothing_that_people_need_not_read(installation: Running) -> None:
    assert not [line for line in installation.lines if "INFO" in line or "WARNING" in line]


@pytest.mark.parametrize("path", FACES)
def test_every_face_answers(installation: Running, path: str) -> None:
    answer = requests.get(installation.url + path.format(hall="city-hall"), timeout=10)
    assert answer.status_code in ((200, 401) if "/kiosk/" in path else (200,))


def test_a_second_run_on_the_same_data_says_so(installation: Running) -> None:
    told = refused(launch(installation.var))
    assert f"already runs on {installation.var}" in told
    assert str(installation.process.pid) in told
    assert requests.get(f"{installation.url}/health/ready", timeout=10).status_code == 200


@pytest.mark.parametrize("which", ["pages", "live streams"])
def test_a_taken_port_is_said_before_anything_is_started(tmp_path: Path, which: str) -> None:
    first = two_free_ports()
    port = first if which == "pages" else first + 1
    with socket.create_server(("127.0.0.1", port)):
        started = launch(tmp_path / "var", first)
        told = refused(started)
    assert f"Port {port}" in told
    assert "--port" in told
    assert not (tmp_path / "var").exists()


def test_ctrl_c_ends_every_process(installation: Running) -> None:
    """The last one here: it ends what the others look at."""
    family = installation.family()
    assert len(family) >= 10  # supervisor, web and its workers, live, relay, workers, postgres and its own
    assert installation.stop(signal.SIGINT) == 0
    assert installation.lines[-1] == "stopped"
    assert wait_until(lambda: not any(map(is_running, family)), seconds=STOPS_WITHIN)
