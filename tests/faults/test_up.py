"""`youhao up` in the places and moments that people find: it says what is wrong, or just works."""

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from runtime import local_postgres, run_files
from runtime.server_home import is_running, socket_directory, wait_until
from tests.faults.load import read, wait_for
from tests.faults.stage import stage_on
from tests.running import READY_SECONDS, ROOT, STOPS_WITHIN, Running, descendants, launch, running

pytestmark = pytest.mark.faults
_APPOINTMENTS = "SELECT reference FROM appointment ORDER BY id"  # the demonstration has some behind it


def is_ready(installation: Running) -> bool:
    return read(f"{installation.url}/health/ready", timeout=30).json()["status"] == "ok"


def test_two_side_by_side(tmp_path):
    with running(tmp_path / "one") as one, running(tmp_path / "two") as two:
        first, second = stage_on(one), stage_on(two)
        before = second.ledger.rows(_APPOINTMENTS)
        crowd = first.crowd(5)
        crowd.start_booking()
        crowd.finish()
        first.check(crowd)
        assert second.ledger.rows(_APPOINTMENTS) == before
        assert len(first.ledger.rows(_APPOINTMENTS)) == len(before) + 5
        first.ledger.close()
        second.ledger.close()
        everybody = one.family() | two.family()
    assert wait_until(lambda: not any(map(is_running, everybody)), seconds=STOPS_WITHIN)


def test_killed_without_clean_up_it_starts_again_on_the_same_servers(tmp_path):
    with running(tmp_path / "var") as killed:
        servers = {name: killed.pids()[name] for name in ("postgres", "valkey")}
        others = killed.family() - set().union(*(descendants(pid) for pid in servers.values()))
        births = {pid: run_files.started(pid) for pid in others}  # a pid may be given away again
        killed.process.kill()
        with running(tmp_path / "var", killed.port) as again:
            assert is_ready(again)
            assert {name: again.pids()[name] for name in servers} == servers
            assert not [pid for pid in others if is_running(pid) and run_files.started(pid) == births[pid]]
    assert wait_until(lambda: not any(map(is_running, servers.values())), seconds=STOPS_WITHIN)


def test_a_very_long_path(tmp_path):
    deep = tmp_path.joinpath(*[letter * 200 for letter in "abcde"])
    deep.mkdir(parents=True)
    with running(deep / "var") as installation:
        assert is_ready(installation)


def test_data_of_another_version_is_left_alone(tmp_path):
    var = tmp_path / "var"
    postgres = local_postgres.start(var)
    try:
        engine = create_engine(postgres.url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE alembic_version (version_num varchar(32))"))
            connection.execute(text("INSERT INTO alembic_version VALUES ('9999')"))
        engine.dispose()
    finally:
        local_postgres.stop(postgres)
    started = launch(var)
    assert started.wait_until_ended() == 1
    told = "\n".join(started.lines)
    assert "another version" in told
    assert "9999" in told
    assert "Traceback" not in told
    assert not list(socket_directory(var).glob("*"))


def test_told_to_stop_while_it_prepares(tmp_path):
    started = launch(tmp_path / "var")
    assert wait_for(lambda: "preparing the database" in started.lines, READY_SECONDS)
    family = started.family()
    assert started.stop() == 0
    assert started.lines[-1] == "stopped"
    assert started.ready_line() == ""
    assert wait_until(lambda: not any(map(is_running, family)), seconds=STOPS_WITHIN)


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory of somebody who is not root, where they may enter."""
    place = Path(tempfile.mkdtemp(prefix="youhao-test-"))
    nobody = pwd.getpwnam("nobody")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    yield place
    shutil.rmtree(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="all other tests already run without root")
def test_started_by_somebody_who_is_not_root(open_place):
    environment = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(open_place),
    }
    python = python_for_all(open_place, environment)
    started = launch(open_place / "var", python=python, user="nobody", **environment)
    try:
        started.wait_until_ready()
        assert is_ready(started)
        assert set(owners(started.family())) == {pwd.getpwnam("nobody").pw_uid}
    finally:
        assert started.stop() == 0


def owners(pids: Iterable[int]) -> Iterator[int]:
    """Of those that have not ended meanwhile, as a server's helpers do."""
    for pid in pids:
        with suppress(FileNotFoundError):
            yield Path(f"/proc/{pid}").stat().st_uid


def python_for_all(place: Path, environment: dict[str, str]) -> str:
    """Our Python where everybody may run it: as it is, or a copy when it lies below /root."""
    if may_run(sys.executable, environment):
        return sys.executable
    copy, version = place / "python", f"python{sys.version_info[0]}.{sys.version_info[1]}"
    library = Path(sysconfig.get_path("stdlib"))
    shutil.copytree(library, copy / "lib" / version, ignore=shutil.ignore_patterns("site-packages", "test"))
    (copy / "bin").mkdir()
    shutil.copy2(Path(sys.executable).resolve(), copy / "bin" / version)
    for shared in Path(sysconfig.get_config_var("LIBDIR")).glob("libpython3*"):
        shutil.copy2(shared, copy / "lib")
    environment |= {"PYTHONHOME": str(copy), "LD_LIBRARY_PATH": str(copy / "lib")}
    if not may_run(str(copy / "bin" / version), environment):
        pytest.skip("only root may enter the directories of this Python or of the checkout")
    return str(copy / "bin" / version)


def may_run(python: str, environment: dict[str, str]) -> bool:
    words = [python, "-c", "import runtime.up"]
    try:
        subprocess.run(words, check=True, user="nobody", env=environment, cwd=ROOT, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True
