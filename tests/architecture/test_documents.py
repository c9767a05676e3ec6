import re
from dataclasses import fields

from cli.main import COMMANDS
from kernel.errors import DomainError, all_errors
from kernel.settings import Settings, environment_name
from tests.architecture.source import ROOT, import_everything, python_files


def _document(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_every_setting_is_documented():
    text = _document("settings.md")
    assert [n for f in fields(Settings) if f"`{(n := environment_name(f.name))}`" not in text] == []


def test_every_error_code_is_documented_and_used_once():
    import_everything()
    text = _document("errors.md")
    errors = [
        kind for kind in all_errors() if kind is not DomainError and not kind.__module__.startswith("tests")
    ]
    assert [kind.code for kind in errors if f"`{kind.code}`" not in text] == []


def test_every_command_is_documented():
    text = _document("commands.md")
    assert [name for name in COMMANDS if f"youhao {name}" not in text] == []


NAMED = re.compile(
    r"`((?:kernel|catalog|halls|people|booking|queueing|notifications|feedback|analytics|twin|web|runtime"
    r"|bench|cli|tests|tools|examples|docs|requirements)/[\w./-]+\.\w+)`"
)
LINKED = re.compile(r"\]\(([\w./-]+)\)")
PLAIN = re.compile(r"\bdocs/[\w/-]+\.(?:md|png)")


def _named_files():
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = path.read_text(encoding="utf-8")
        yield from ((path.name, ROOT / name) for name in NAMED.findall(text))
        yield from ((path.name, path.parent / name) for name in LINKED.findall(text))
    sources = [*python_files(), ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / ".ci" / "run"]
    for path in sources:
        yield from ((path.name, ROOT / name) for name in PLAIN.findall(path.read_text(encoding="utf-8")))


def test_documents_and_code_name_no_file_that_is_gone():
    gone = [(where, str(target)) for where, target in _named_files() if not target.exists()]
    assert gone == []
