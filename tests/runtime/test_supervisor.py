"""The supervisor restarts what dies and ends all of it, whatever happens to itself."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime.run_files import AlreadyRunning, end_orphans, hold, mark_of, record_path
from runtime.server_home import is_running, socket_directory, wait_until
from runtime.supervisor import answers_http
from tests.faults.stage import BACK_WITHIN, HANGS, report

StartRun = Callable[..., subprocess.Popen[str]]

# A supervisor with the children that a test asks for; it prints `ready` as `youhao up` does.
PROGRAM = """
import sys
from pathlib import Path
from runtime.local_servers import LocalServers
from runtime.run_files import hold
from runtime.supervisor import Spec, Supervisor, answers_http

var = Path(sys.argv[1])
children = {children}
with hold(var):
    elsewhere = {{}} if {servers} else dict(database_url="-", redis_url="-")
    servers = LocalServers(var, durable=False, **elsewhere)
    servers.start()
    specs = [Spec(name, [sys.executable, "-c", code], stop_seconds=1) for name, code in children.items()]
    try:
        Supervisor(var, specs, servers=servers).run(lambda: print("ready", flush=True))
    finally:
        servers.stop()
"""

SLEEPS = "import time; time.sleep(600)"


def stubborn(var: Path) -> str:
    """Ignores SIGTERM, and leaves a file once it does."""
    return (
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"pathlib.Path({str(var / 'ignores')!r}).touch(); time.sleep(600)"
    )


# A child with a child of its own in a group of its own, as RQ has.
HAS_A_CHILD = (
    "import subprocess, sys, time; "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], process_group=0); "
    "time.sleep(600)"
)


@pytest.fixture
def start_run(var: Path) -> Iterator[StartRun]:
    runs: list[subprocess.Popen[str]] = []

    def start(children: dict[str, str], *, servers: bool = False) -> subprocess.Popen[str]:
        code = PROGRAM.format(children=repr(children), servers=servers)
        argv = [sys.executable, "-c", code, str(var)]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        runs.append(process)
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise AssertionError(process.communicate()[1])
        return process

    yield start
    for process in runs:
        process.terminate()
        process.communicate(timeout=HANGS)
    end_orphans(var)


def pid_of(var: Path, name: str) -> int:
    def pid() -> int:
        return int(json.loads(record_path(var).read_text()).get(name, {}).get("pid", 0))

    assert wait_until(lambda: record_path(var).exists() and pid() > 0, seconds=HANGS)
    return pid()


def children_with_mark(var: Path) -> list[int]:
    mark = f"YOUHAO_RUN_OF={mark_of(var)}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return [pid for pid in found if is_running(pid)]


def test_a_killed_child_comes_back_by_itself(var: Path, start_run: StartRun) -> None:
    start_run({"web": SLEEPS})
    first = pid_of(var, "web")
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: pid_of(var, "web") != first, seconds=HANGS)
    assert is_running(pid_of(var, "web"))


def test_what_keeps_dying_is_started_less_and_less_often(var: Path, start_run: StartRun) -> None:
    note = var / "births"
    # Waits of 0.2, 0.4, 0.8 s: four births take at least 1.4 s, however slow the machine is.
    began = time.monotonic()
    start_run({"broken": f"open({str(note)!r}, 'a').write('x')", "web": SLEEPS})
    assert wait_until(lambda: note.exists() and len(note.read_text()) >= 4, seconds=HANGS)
    assert time.monotonic() - began > 1.2


def test_what_never_comes_up_is_named_with_its_last_words(var: Path, start_run: StartRun) -> None:
    # Not ready before it has lived a moment: its ready check asks a port that nobody serves.
    unready = PROGRAM.replace("stop_seconds=1", "is_ready=answers_http('http://127.0.0.1:9/')")
    code = unready.format(children={"web": "raise SystemExit('no licence')"}, servers=False)
    run = subprocess.run(
        [sys.executable, "-c", code, str(var)], capture_output=True, text=True, check=False, timeout=HANGS
    )
    assert run.returncode != 0
    assert "web did not come up: no licence" in run.stderr.splitlines()[-1]
    assert children_with_mark(var) == []


WATCH = """
class Watch:
    # Over once so many different things were seen.
    def __init__(self, began):
        self.seen = set()

    def is_over(self, seen, now):
        self.seen.add(seen)
        return len(self.seen) > {many}
"""


def never_up(var: Path, code: str, *, many: int) -> str:
    """What a start says whose part never answers, given up after `many` signs of progress."""
    answers_nobody = "is_ready=answers_http('http://127.0.0.1:9/')"
    program = PROGRAM.replace("stop_seconds=1", answers_nobody).replace("servers=servers)", "patience=Watch)")
    code = WATCH.format(many=many) + program.format(children={"web": code}, servers=False)
    argv = [sys.executable, "-c", code, str(var)]
    run = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=HANGS)
    assert run.returncode != 0
    assert children_with_mark(var) == []
    return run.stderr.splitlines()[-1]


def test_what_is_silent_is_named_with_what_it_does_and_nothing_of_earlier_runs(var: Path) -> None:
    (var / "log").mkdir(parents=True)
    (var / "log" / "web.log").write_text("trouble of yesterday\n")
    told = never_up(var, SLEEPS, many=0)
    assert "web did not come up: (its log says nothing); it runs, but did not answer for " in told
    assert "yesterday" not in told


@pytest.mark.parametrize(
    "code", ["while True: pass", "import time\nwhile True: print('step', flush=True); time.sleep(0.2)"]
)
def test_what_works_or_writes_is_seen_to_get_on(var: Path, code: str) -> None:
    assert "web did not come up" in never_up(var, code, many=2)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_and_leaves_nothing(var: Path, start_run: StartRun, sign: signal.Signals) -> None:
    run = start_run({"web": SLEEPS, "worker": SLEEPS})
    run.send_signal(sign)
    assert run.wait(HANGS) == 0
    assert children_with_mark(var) == []
    assert not record_path(var).exists()


def test_a_child_that_ignores_the_signal_is_killed_in_time(var: Path, start_run: StartRun) -> None:
    run = start_run({"stubborn": stubborn(var)})
    assert wait_until((var / "ignores").exists, seconds=HANGS)
    began = time.monotonic()
    run.terminate()
    assert run.wait(HANGS) == 0
    assert time.monotonic() - began > 0.9  # it was given its second first
    assert children_with_mark(var) == []


def test_children_die_with_a_killed_supervisor(var: Path, start_run: StartRun) -> None:
    run = start_run({"web": SLEEPS})
    web = pid_of(var, "web")
    run.kill()
    run.wait(HANGS)
    assert wait_until(lambda: not is_running(web), seconds=HANGS)


def test_the_next_run_ends_what_a_killed_one_left(var: Path, start_run: StartRun) -> None:
    run = start_run({"worker": HAS_A_CHILD, "stubborn": stubborn(var)})
    assert wait_until(lambda: len(children_with_mark(var)) == 3, seconds=HANGS)
    assert wait_until((var / "ignores").exists, seconds=HANGS)
    left = children_with_mark(var)
    run.kill()
    run.wait(HANGS)
    assert any(is_running(pid) for pid in left)
    start_run({"web": SLEEPS})
    assert not any(is_running(pid) for pid in left)
    assert is_running(pid_of(var, "web"))


def test_a_second_run_says_who_is_first(var: Path, start_run: StartRun) -> None:
    run = start_run({"web": SLEEPS})
    with pytest.raises(AlreadyRunning, match=f"process {run.pid}"), hold(var):
        pass
    assert is_running(pid_of(var, "web"))


def test_a_pid_of_a_stranger_is_never_ended(var: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as stranger:
        with hold(var):
            record = {"web": {"pid": stranger.pid, "started": "another-boot/1", "outlives": False}}
            record_path(var).write_text(json.dumps(record))
            assert end_orphans(var) == []
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"web": 1}', '{"web": {"pid": "x"}}'])
def test_a_torn_record_does_not_stop_the_start(var: Path, text: str) -> None:
    record_path(var).parent.mkdir(parents=True)
    record_path(var).write_text(text)
    with hold(var):
        pass


def test_local_servers_are_stopped_at_the_end(var: Path, start_run: StartRun) -> None:
    run = start_run({"web": SLEEPS}, servers=True)
    pids = [pid_of(var, "postgres"), pid_of(var, "valkey")]
    run.terminate()
    assert run.wait(HANGS) == 0
    assert not any(is_running(pid) for pid in pids)


def test_servers_of_a_killed_run_are_used_again(var: Path, start_run: StartRun) -> None:
    run = start_run({"web": SLEEPS}, servers=True)
    before = pid_of(var, "postgres"), pid_of(var, "valkey")
    run.kill()
    run.wait(HANGS)
    start_run({"web": SLEEPS}, servers=True)
    assert (pid_of(var, "postgres"), pid_of(var, "valkey")) == before


@pytest.mark.faults
@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_killed_server_is_back_within_ten_seconds(var: Path, start_run: StartRun, name: str) -> None:
    start_run({"web": SLEEPS}, servers=True)
    for _ in range(3):
        first = pid_of(var, name)
        os.kill(first, signal.SIGKILL)
        began = time.monotonic()
        assert wait_until(lambda first=first: pid_of(var, name) != first, seconds=HANGS)  # type: ignore[misc]
        report(f"{name} back after a kill", time.monotonic() - began, BACK_WITHIN)
        assert is_running(pid_of(var, name))


@pytest.mark.faults
def test_an_adopted_server_is_restarted_too(var: Path, start_run: StartRun) -> None:
    run = start_run({"web": SLEEPS}, servers=True)
    first = pid_of(var, "valkey")
    run.kill()
    run.wait(HANGS)
    start_run({"web": SLEEPS}, servers=True)
    assert pid_of(var, "valkey") == first
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: pid_of(var, "valkey") != first, seconds=HANGS)


@pytest.mark.faults
def test_a_server_whose_socket_was_removed_is_restarted(var: Path, start_run: StartRun) -> None:
    start_run({"web": SLEEPS}, servers=True)
    first = pid_of(var, "valkey")
    sockets = socket_directory(var)
    (sockets / "valkey.sock").unlink()
    assert wait_until(lambda: pid_of(var, "valkey") != first, seconds=HANGS)
    assert (sockets / "valkey.sock").exists()


def test_an_answer_that_is_not_http_is_no_sign_of_readiness() -> None:
    """A port without a listener may be connected to itself, and hears its own question."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo() -> None:
            connection, _address = server.accept()
            with connection:
                connection.sendall(connection.recv(1000))

        thread = threading.Thread(target=echo)
        thread.start()
        assert not answers_http(f"http://127.0.0.1:{server.getsockname()[1]}/")()
        thread.join()
