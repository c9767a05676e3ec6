import pytest
from click.testing import CliRunner

from catalog.models import Service
from cli.day_list import day_list
from cli.table import table
from kernel import crypto
from kernel.table_files import read_table, write_csv
from tests import build


@pytest.fixture
def run(parts, cipher, monkeypatch):
    """A command of this installation."""
    monkeypatch.setenv("DATABASE_URL", parts.settings.database_url)
    monkeypatch.setenv("REDIS_URL", parts.settings.redis_url)
    monkeypatch.setenv("YOUHAO_VAR", str(parts.settings.var))
    with parts.database.transaction() as session:
        group = build.make_group(session, build.make_hall(session, "yunzhou"))
        material = {"code": "id", "name_zh": "身份证", "name_en": "ID card"}
        build.make_service(session, group, code="card", materials=[material])

    def invoke(command, *args):
        return CliRunner().invoke(command, [str(each) for each in args])

    yield invoke
    crypto.configure(cipher)


def minutes(parts):
    with parts.database.transaction() as session:
        return session.query(Service).one().minutes


def test_a_table_goes_out_is_tried_and_comes_in(run, parts, tmp_path):
    file = tmp_path / "services.csv"
    assert run(table, "export", "services", file).exit_code == 0
    cells = read_table(file.read_bytes())
    cells[1][4] = "25"
    file.write_bytes(write_csv(cells))
    tried = run(table, "import", "services", file, "--try")
    assert "0 rows would be new, 1 changed" in tried.output
    assert minutes(parts) == 10
    assert run(table, "import", "services", file).exit_code == 0
    assert minutes(parts) == 25


def test_mistakes_are_told_by_line_and_nothing_is_taken(run, parts, tmp_path):
    file = tmp_path / "services.xlsx"
    run(table, "export", "services", file)
    cells = read_table(file.read_bytes())
    cells[1][4] = "0"
    file.write_bytes(write_csv(cells))
    refused = run(table, "import", "services", file)
    assert refused.exit_code == 1
    assert "line 2, minutes" in refused.output
    assert minutes(parts) == 10


def test_lists_are_written_at_once(run, parts):
    assert run(day_list, "--on", "2026-03-02").exit_code == 0
    assert (parts.settings.var / "lists" / "2026-03-02-yunzhou.xlsx").exists()
