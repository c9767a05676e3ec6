"""What a paper looks like: pictures of the program, and those that administrators sent in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, url_for
from flask_babel import gettext as _

from catalog.guide import UPLOADED, Material
from catalog.pictures import get_jpeg
from web import edge
from web.assets import paper_picture
from web.guards import public

_YEAR = 31_536_000
# Nothing but dots comes from this address, whatever a browser makes of it.
_ALONE = "default-src 'none'; sandbox"


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture on a page: in a list at `small`, in full at `large` (empty: there is no larger one)."""

    small: str
    large: str
    words: str


def sample_of(material: Material | Mapping[str, Any]) -> Sample | None:
    """The picture of a paper, if there is one."""
    row = (
        material
        if isinstance(material, Mapping)
        else {name: getattr(material, name) for name in _OF_MATERIAL}
    )
    name = row.get("picture") or row["code"]
    if name.startswith(UPLOADED):
        key = name.removeprefix(UPLOADED)
        large, small = (url_for(each, name=key) for each in ("picture", "small_picture"))
        words = row.get("picture_en" if edge.language() == "en" else "picture_zh")
        return Sample(small, large, words or str(_("样图")))
    found = paper_picture(name)
    return Sample(found, "", str(_("样图"))) if found else None


_OF_MATERIAL = ("code", "picture", "picture_zh", "picture_en")


@public
def picture(name: str) -> Response:
    """A picture in full; raises PictureUnknown."""
    return _jpeg(name, small=False)


@public
def small_picture(name: str) -> Response:
    """A picture for a list; raises PictureUnknown."""
    return _jpeg(name, small=True)


def _jpeg(name: str, *, small: bool) -> Response:
    with edge.transaction() as session:
        data = get_jpeg(session, name, small=small)
    answer = Response(data, content_type="image/jpeg")
    answer.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    answer.headers["Content-Security-Policy"] = _ALONE
    return answer


def register(app: Flask) -> None:
    """Serve them, and tell templates of them."""
    app.add_url_rule("/pictures/<name>.jpg", "picture", picture)
    app.add_url_rule("/pictures/small/<name>.jpg", "small_picture", small_picture)
    app.jinja_env.globals.update(sample_of=sample_of)
