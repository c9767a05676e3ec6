"""A guide as a file: taken out, edited elsewhere, and sent back as the draft, with every mistake named."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, url_for
from flask_babel import gettext as _

from catalog import guide_drafts
from catalog.guide_text import MOST_BYTES, GuideFileUnreadable, read_guide, write_guide
from web import edge
from web.admin import entry, guides
from web.guards import staff_only


@staff_only("catalog.edit")
def download(code: str) -> Any:
    """The draft, or what is published where there is none."""
    with edge.transaction() as session:
        _service, draft = guides.opened(session, code)
    answer = Response(write_guide(draft.tree), content_type="application/json; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="guide-{code}.json"'
    return answer


@staff_only("catalog.edit")
def send(code: str) -> Any:
    """Make the file the draft: what is wrong with it stands on the guide's page; citizens see nothing yet.

    Raises:
        DraftChanged
    """
    who = edge.require_everywhere("catalog.edit")
    try:
        tree = read_guide(entry.sent_file(MOST_BYTES))
    except GuideFileUnreadable as error:
        flash(error.sentence(edge.language()), "bad")
        return redirect(url_for("admin.guide", code=code), 303)
    with edge.transaction() as session:
        service, _draft = guides.opened(session, code)
        guides.keep(session, service, tree, who=who)
        wrong = guide_drafts.problems_of(service, tree)
    if wrong:
        flash(_("文件已放进草稿，发布前要改正 %(n)s 处。", n=len(wrong)), "warn")
    else:
        flash(_("文件已放进草稿，检查通过，可以发布。"), "ok")
    return redirect(url_for("admin.guide", code=code), 303)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/guides/<code>/file", "guide_file", download)
    blueprint.add_url_rule("/guides/<code>/file", "guide_send", send, methods=["POST"])
