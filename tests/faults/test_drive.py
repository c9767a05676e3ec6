"""A day is played against the whole program as people start it, while its processes are killed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT, running

pytestmark = pytest.mark.faults

SMALL = ROOT / "examples" / "days" / "small.jsonl"


def youhao(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cli.main", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def kill_once_played(line: str, pids: dict[str, int], names: tuple[str, ...]) -> None:
    if line.startswith("booked"):
        for name in names:
            os.kill(pids[name], signal.SIGKILL)


def test_a_day_keeps_every_promise_while_processes_are_killed(tmp_path: Path) -> None:
    out, said = tmp_path / "out.json", []
    with running(tmp_path / "var") as program:
        arguments = (
            "--url",
            program.url,
            "--day",
            str(SMALL),
            "--rate",
            "240",
            "--patience",
            "300",
            "--json",
            str(out),
        )
        with youhao("drive", *arguments) as driver:
            for line in driver.stdout or ():
                said.append(line)
                kill_once_played(line, program.pids(), ("web", "worker-1", "relay"))
        assert driver.returncode == 0, "".join(said)
        told = json.loads(out.read_text(encoding="utf-8"))
        assert (told["violations"], sum(told["arrivals"].values())) == ([], 39)
        with youhao("doctor", "--deep", "--var", str(program.var)) as doctor:
            checked, _nothing = doctor.communicate()
        assert doctor.returncode == 0, checked
