"""Write docs/errors.md from the error classes; a test sees that none is missing."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from kernel.errors import DomainError, all_errors  # noqa: E402  # the path comes first
from tests.architecture.source import import_everything  # noqa: E402
from web.problems import HTTP_SENTENCES, STATUS, status_of  # noqa: E402

HEAD = """# Errors

Every refusal has a stable `code`: programs branch on it, people read the sentence. Under `/api` and `/hooks`
an error is a problem detail (RFC 9457, `application/problem+json`): `type`, `title`, `status`, `detail` and
`code`; elsewhere it is a page with the same sentence. Words in braces are members of the problem as well.
`Retry-After` comes with 429 and 503.

This page is written by `python tools/list_errors.py` from the classes themselves; the file named is where to
change a sentence.
"""


def _row(error: type[DomainError]) -> str:
    place = error.__module__.replace(".", "/") + ".py"
    if not (ROOT / place).exists():
        place = error.__module__.replace(".", "/") + "/__init__.py"
    return f"| `{error.code}` | {_cell(error.zh)} | {_cell(error.en)} | `{place}` |"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _status(error: type[DomainError]) -> int:
    return status_of(error.__new__(error))


def document() -> str:
    """The whole page."""
    import_everything()
    found = {error.code: error for error in all_errors() if error is not DomainError}
    parts = [HEAD]
    for kind, status in STATUS:
        rows = [_row(error) for _code, error in sorted(found.items()) if _status(error) == status]
        parts.append(
            f"\n## {status} {kind.__name__}\n\n| code | 中文 | English | where |\n|---|---|---|---|\n"
        )
        parts.append("\n".join(rows) + "\n")
    parts.append(
        "\n## Of HTTP itself\n\nWhat no rule of ours refused, but the framework did; "
        "`internal` is a fault of ours and logged.\n\n"
    )
    parts.append("| code | 中文 | English |\n|---|---|---|\n")
    parts += [f"| `http_{status}` | {zh} | {en} |\n" for status, (zh, en) in HTTP_SENTENCES.items()]
    parts.append(f"| `internal` | {HTTP_SENTENCES[500][0]} | {HTTP_SENTENCES[500][1]} |\n")
    return "".join(parts)


if __name__ == "__main__":
    (ROOT / "docs" / "errors.md").write_text(document(), encoding="utf-8")
