from alembic.script import ScriptDirectory

from runtime.schema import alembic_config
from tests.architecture.source import ROOT, imported_modules


def test_migrations_have_one_head():
    assert len(ScriptDirectory.from_config(alembic_config("")).get_heads()) == 1


def test_migrations_never_import_models():
    for path in (ROOT / "migrations" / "versions").glob("*.py"):
        assert not {name for name in imported_modules(path) if name.endswith("models")}
