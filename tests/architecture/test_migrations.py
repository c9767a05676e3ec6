import hashlib

from alembic.script import ScriptDirectory

from runtime.schema import alembic_config
from tests.architecture.source import ROOT, imported_modules


def test_migrations_have_one_head():
    assert len(ScriptDirectory.from_config(alembic_config("")).get_heads()) == 1


def test_migrations_never_import_models():
    for path in (ROOT / "migrations" / "versions").glob("*.py"):
        assert not {name for name in imported_modules(path) if name.endswith("models")}


def test_the_first_migration_is_named_by_what_it_does():
    """Eight hex digits of it stand in its name: data of another make must not be taken for its own."""
    text = (ROOT / "migrations" / "versions" / "0001_first.py").read_text(encoding="utf-8")
    fingerprint = hashlib.sha256(text.partition("def upgrade")[2].encode()).hexdigest()[:8]
    assert f'revision = "0001_{fingerprint}"' in text
