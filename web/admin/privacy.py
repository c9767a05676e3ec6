"""How long personal data is kept, and how many one-time codes the city pays for."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from kernel.errors import DomainError
from people.code_budget import city_payer, set_city_budget, usage
from people.retention import retention, set_retention
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


def _page(session: Session, error: str = "") -> str:
    payer = city_payer(session)
    used = usage(session, payer, now=edge.now())
    values = asdict(retention(session)) | asdict(payer.budget)
    shown = [(name, words, request.form.get(name, values[name])) for name, words in (SPANS | BUDGET).items()]
    return render_template("admin/privacy.html", fields=shown, used=used, error=error)


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
            set_retention(session, _typed(SPANS), actor=who, now=edge.now())
            set_city_budget(session, _typed(BUDGET), actor=who, now=edge.now())
    except DomainError as refusal:
        with edge.transaction() as session:
            return _page(session, refusal.sentence(edge.language())), status_of(refusal)
    flash(_("已保存。"), "ok")
    return redirect(url_for("admin.privacy"), 303)


def _typed(names: Any) -> dict[str, object]:
    """Whole numbers where they are, else what was typed, which is refused by name."""
    texts = {name: request.form.get(name, "").strip()[:12] for name in names}
    return {name: int(text) if text.isascii() and text.isdecimal() else text for name, text in texts.items()}


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/privacy", "privacy", show)
    blueprint.add_url_rule("/privacy", "privacy_save", save, methods=["POST"])
