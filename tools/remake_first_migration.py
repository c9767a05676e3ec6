"""Write the first migration anew from the models (only until the first release).

Starts a throw-away PostgreSQL, compares the empty database with the models and replaces
`migrations/versions/0001_first.py`. Its id carries a fingerprint of the tables, so that data
with other ones is known for what it is.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from alembic import command  # noqa: E402  # the path comes first

from runtime.schema import alembic_config  # noqa: E402
from tests.servers import start_test_servers  # noqa: E402


def fingerprint(migration: str) -> str:
    """Eight hex digits of what the migration does, whatever its id is."""
    return hashlib.sha256(migration.partition("def upgrade")[2].encode()).hexdigest()[:8]


def main() -> None:
    versions = ROOT / "migrations" / "versions"
    for old in versions.glob("*.py"):
        old.unlink()
    with tempfile.TemporaryDirectory(prefix="yh-mig-") as folder:
        url, _, stop = start_test_servers(Path(folder))
        try:
            command.revision(alembic_config(url), "The first tables", autogenerate=True, rev_id="0001")
        finally:
            stop()
    made = next(versions.glob("*.py"))
    first = made.rename(versions / "0001_first.py")
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(versions)], check=True)
    text = first.read_text(encoding="utf-8")
    named = f'revision = "0001_{fingerprint(text)}"'
    first.write_text(re.sub(r'^revision = ".*"$', named, text, flags=re.MULTILINE), encoding="utf-8")


if __name__ == "__main__":
    main()
