"""What citizens would type, with what answers it (`queries/*.tsv`: query, TAB, codes).

The answer is a service, a package (`packages-*.tsv`) or a situation (`situations-*.tsv`: service/situation).
The files were written before the search was tuned. Those that are held out are only ever counted: words are
added to the catalogue for what fails in the files for tuning, or the share found would say nothing of words
nobody foresaw.
"""

from pathlib import Path

from catalog.find import Found
from catalog.models import Package
from catalog.search import Hit

KINDS = {
    "services": ("tuning", "held-out", "held-out-2", "held-out-3"),
    "packages": ("packages-tuning", "packages-held-out", "packages-held-out-2"),
    "situations": ("situations-tuning", "situations-held-out", "situations-held-out-2"),
}
FILES = tuple(name for names in KINDS.values() for name in names)


def answer_of(found: Hit | Found | Package, name: str) -> str:
    """What a file would call this row of a page; a package of a file of services is none of its answers."""
    package = isinstance(found, Package) or (isinstance(found, Hit) and found.package)
    if isinstance(found, Found):
        code, situation = found.service.code, found.situation
    else:
        code = found.code if isinstance(found, Package) else found.service
        situation = found.situation if isinstance(found, Hit) else None
    if package:
        return code if name.startswith("packages") else f"package {code}"
    if name.startswith("situations"):
        return f"{code}/{situation}"
    return f"service {code}" if name.startswith("packages") else code


def read_queries(name: str) -> list[tuple[str, frozenset[str]]]:
    """(query, the codes of which one must be among the first three)."""
    text = (Path(__file__).parent / "queries" / f"{name}.tsv").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in text.splitlines())
    return [(query, frozenset(codes.split())) for query, codes in pairs]
