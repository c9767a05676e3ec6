"""Collect the sentences of the pages and bring the English catalogue in step; run after changing any text.

::

    python tools/extract_messages.py          # rewrite web/translations/en/LC_MESSAGES/messages.po
    python tools/build_assets.py              # compile it (tests and builds do so by themselves)

The message ids are the Chinese sentences themselves. New ones enter with an empty translation, which a test
refuses; ids that no page uses any more are dropped; nothing is ever guessed ("fuzzy"), since a guess that
nobody looked at is worse than a gap that fails. Sentences with a number are worded so that one English form
fits every number ("3 left", "Photocopies: 1"). The file holds no dates, line numbers or names, so that a
change of it shows changed sentences and nothing else.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = Path("web/translations/en/LC_MESSAGES/messages.po")
METHODS = [("**/static/**", "ignore"), ("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS: dict[str, Any] = {
    "_": None,
    "_l": None,
    "N_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),  # the same Chinese with another English: the context tells which
}
OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
HEADER = "# English sentences of Youhao's pages; the ids are the Chinese ones. See tools/extract_messages.py."


def collect(root: Path = ROOT) -> Catalog:
    """Every sentence that a page or a view says, with the files that say it."""
    found = Catalog(charset="utf-8")
    for file, _line, message, _comments, context in extract_from_dir(
        root / "web", METHODS, options_map=OPTIONS, keywords=KEYWORDS
    ):
        found.add(message, locations=[(f"web/{Path(file).as_posix()}", 0)], context=context)
    return found


def read(root: Path = ROOT) -> Catalog:
    """The English catalogue as it stands; empty when there is none yet."""
    path = root / CATALOGUE
    if not path.is_file():
        return Catalog(locale="en")
    with path.open("rb") as opened:
        return read_po(opened, locale="en")


def update(old: Catalog, found: Catalog) -> Catalog:
    """The found sentences with the translations that exist for them."""
    fresh = Catalog(locale="en", charset="utf-8", fuzzy=False)
    for message in found:
        if not message.id:
            continue
        known = old.get(message.id, message.context)
        text = known.string if known is not None and not known.fuzzy else ""
        if isinstance(message.id, tuple) and isinstance(text, str):
            text = ("",) * fresh.num_plurals
        fresh.add(message.id, text, locations=message.locations, context=message.context)
    return fresh


def render(catalogue: Catalog) -> bytes:
    """The catalogue as a file: in the order of the ids, with a header that never changes by itself."""
    body = io.BytesIO()
    write_po(body, catalogue, width=110, sort_output=True, omit_header=True, include_lineno=False)
    header = [
        HEADER,
        'msgid ""',
        'msgstr ""',
        '"Language: en\\n"',
        '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"',
        '"MIME-Version: 1.0\\n"',
        '"Content-Type: text/plain; charset=utf-8\\n"',
        '"Content-Transfer-Encoding: 8bit\\n"',
    ]
    return "\n".join(header).encode() + b"\n\n" + body.getvalue().strip() + b"\n"


def is_translated(message: Message) -> bool:
    """Whether every form of the sentence has its English."""
    forms = [message.string] if isinstance(message.string, str) else list(message.string or [])
    return bool(forms) and all(forms) and not message.fuzzy


def main() -> int:
    argparse.ArgumentParser(description="Bring the English catalogue in step with the pages.").parse_args()
    fresh = update(read(), collect())
    path = ROOT / CATALOGUE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(render(fresh))
    missing = [message for message in fresh if message.id and not is_translated(message)]
    print(f"{len(fresh)} sentences, {len(missing)} without English: {CATALOGUE}")  # noqa: T201 - a tool speaks
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
