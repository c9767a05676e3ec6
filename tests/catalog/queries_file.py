"""What citizens would type, with the services that answer it (`queries/*.tsv`: query, TAB, codes).

Both files were written before the search was tuned. `held-out.tsv` is only ever counted: words are added to
the catalogue for what fails in `tuning.tsv`, or the share found would say nothing of words nobody foresaw.
"""

from pathlib import Path


def read_queries(name: str) -> list[tuple[str, frozenset[str]]]:
    """(query, the codes of which one must be among the first three)."""
    text = (Path(__file__).parent / "queries" / f"{name}.tsv").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in text.splitlines())
    return [(query, frozenset(codes.split())) for query, codes in pairs]
