"""How long personal data is kept, and how many one-time codes the city pays for."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from kernel.errors import DomainError
from people.city_settings import city_settings, save_city_settings
from people.code_budget import city_payer, usage
from web import edge
from web.guards import staff_only
from web.problems import status_of

SPANS = {
    "identity": _l("多久没来办事，删除姓名和证件号码（天）"),
    "phone": _l("办完以后多久，删除手机号、评价里写的话（天）"),
    "message": _l("短信发出多久，删除手机号和回复（天）"),
    "delivery": _l("办完以后多久，删除邮寄地址（天）"),
    "code": _l("验证码保留多久（天）"),
}
BUDGET = {"per_hour": _l("全市每小时最多发几条验证码"), "per_day": _l("全市每天最多发几条验证码")}
WORDS = SPANS | BUDGET


def _page(session: Session, errors: dict[str, str] | None = None) -> str:
    values = city_settings(session)
    used = usage(session, city_payer(session), now=edge.now())
    shown = [(name, words, request.form.get(name, values[name])) for name, words in WORDS.items()]
    return render_template("admin/privacy.html", fields=shown, used=used, errors=errors or {})


@staff_only("hall.edit")
def show() -> Any:
    """The values in force."""
    edge.require_everywhere("hall.edit")
    with edge.transaction() as session:
        return _page(session)


@staff_only("hall.edit")
def save() -> Any:
    """Change them; all or none."""
    who = edge.require_everywhere("hall.edit")
    try:
        with edge.transaction() as session:
            changed = save_city_settings(session, _typed(), actor=who, now=edge.now())
    except DomainError as refusal:
        with edge.transaction() as session:
            return _page(session, at_its_field(refusal, WORDS)), status_of(refusal)
    flash(_("已保存。") if changed else _("没有改动。"), "ok")
    return redirect(url_for("admin.privacy"), 303)


def at_its_field(refusal: DomainError, words: Mapping[str, Any]) -> dict[str, str]:
    """Field → what is wrong, where the refusal names a field by its code; `words` are what people call it."""
    name = refusal.params.get("name", "")
    if name not in words:
        return {"_": refusal.sentence(edge.language())}
    named = type(refusal)(**{**refusal.params, "name": str(words[name])})
    return {name: named.sentence(edge.language())}


def _typed() -> dict[str, object]:
    """Whole numbers where they are, else what was typed, which is refused by name."""
    texts = {name: request.form.get(name, "").strip()[:12] for name in WORDS}
    return {name: int(text) if text.isascii() and text.isdecimal() else text for name, text in texts.items()}


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/privacy", "privacy", show)
    blueprint.add_url_rule("/privacy", "privacy_save", save, methods=["POST"])
