"""`youhao device` as a person types it."""

import pytest
from click.testing import CliRunner

from cli.main import youhao
from kernel import clock, crypto
from people import devices, pairing
from tests import build


@pytest.fixture
def run(servers, database, cipher, tmp_path):
    """Runs the command against the servers of the tests, and gives the tests their keys back."""
    addresses = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
    env = {**addresses, "YOUHAO_ENV": "test", "YOUHAO_VAR": str(tmp_path)}
    yield lambda *words: CliRunner().invoke(youhao, ["device", *words], env=env)
    crypto.configure(cipher)


def test_pairs_lists_and_withdraws(run, database):
    with database.transaction() as session:
        build.make_hall(session, "yunzhou")
        waiting = pairing.begin(session, real_now=clock.real_now())
    paired = run("pair", waiting.code, "display", "yunzhou", "--name", "北墙", "--shows", "window:3")
    assert paired.exit_code == 0, paired.output
    with database.transaction() as session:
        row = devices.find_device(session, waiting.secret)
    assert (row.kind, row.shows) == ("display", "window:3")
    assert run("list", "yunzhou").output == f"{row.id}\tyunzhou\tdisplay\t北墙\twindow:3\tin use\n"
    assert run("withdraw", str(row.id)).exit_code == 0
    assert "withdrawn" in run("list").output
    with database.transaction() as session:
        assert devices.find_device(session, waiting.secret) is None


def test_says_what_is_wrong(run, database):
    with database.transaction() as session:
        build.make_hall(session, "yunzhou")
    assert "No device shows this code" in run("pair", "00000000", "kiosk", "yunzhou", "--name", "x").output
    assert run("list", "nowhere").exit_code == 1
    assert "there is no device 99" in run("withdraw", "99").output
