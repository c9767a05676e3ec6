"""Words that mean the same: all groups in one field, tried out on the search before they are saved."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.edit import save_synonyms
from catalog.find import find_services, find_with_words
from catalog.models import SearchSynonym
from catalog.synonym_file import SynonymFileInvalid, synonyms_from_text, text_of
from web import edge, problems
from web.admin import entry
from web.guards import staff_only

MOST = 60_000


def _saved(session: Session) -> str:
    return text_of(session.scalars(select(SearchSynonym.words).order_by(SearchSynonym.id)))


@staff_only("catalog.edit")
def home() -> Any:
    """The words as they are."""
    with edge.transaction() as session:
        return _page(_saved(session))


def _page(typed: str, **facts: Any) -> str:
    return render_template("admin/synonyms.html", typed=typed, query=entry.text("query")[:60], **facts)


@staff_only("catalog.edit")
def save() -> Any:
    """Save the words, or with `do=try` show what people would find with them, and with those of now."""
    who, typed = (
        edge.require_everywhere("catalog.edit"),
        request.form.get("words", "").replace("\0", "")[:MOST],
    )
    try:
        groups = synonyms_from_text(typed)
    except SynonymFileInvalid as error:
        english = edge.language() == "en"
        lines = [(each.file, each.en if english else each.zh) for each in error.problems]
        return _page(typed, lines=lines), problems.status_of(error)
    with edge.transaction() as session:
        if request.form.get("do") == "try":
            query = entry.text("query")[:60]
            facts = {
                "before": find_services(session, query),
                "after": find_with_words(session, query, groups),
            }
            return _page(typed, tried=True, **facts)
        save_synonyms(session, groups, actor=who, now=edge.now())
    flash(_("已保存，搜索立即生效。"), "ok")
    return redirect(url_for("admin.synonyms"), 303)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/synonyms", "synonyms", home)
    blueprint.add_url_rule("/synonyms", "synonyms_save", save, methods=["POST"])
