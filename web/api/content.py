"""For administrators: packages, words that mean the same, guides, pictures, services out of use and back."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from flask import url_for
from sqlalchemy import select

from catalog import edit, guide_drafts, packages
from catalog.guide import UPLOADED
from catalog.guide_file import GuideInvalid
from catalog.models import Package, SearchSynonym, Service
from catalog.package_file import PackageFileInvalid, package_from_data
from catalog.picture_file import PictureTooLarge, PictureTooSmall, PictureUnreadable, draw
from catalog.pictures import add_picture
from catalog.queries import PackageUnknown, ServiceUnknown, get_package, list_packages
from catalog.restore import find_any_service
from catalog.synonym_file import SynonymFileInvalid, synonyms_from_lines
from web import edge
from web.api.blueprint import Blueprint, refuses
from web.api.schemas import catalog as catalog_shapes
from web.api.schemas import content as shapes
from web.guards import bearer_only, public

blueprint = Blueprint(
    "content",
    __name__,
    description="Packages, words, guides and pictures of papers. 一件事、同义词、办事指引与样图",
)


@blueprint.get("/packages")
@public
@blueprint.response(200, shapes.PackageListSchema())
def list_all_packages() -> dict[str, list[Package]]:
    """List the packages.

    列出全部“一件事”。
    """
    with edge.transaction() as session:
        return {"packages": list_packages(session)}


@blueprint.put("/packages/<code:code>")
@bearer_only("catalog.edit")
@refuses(PackageFileInvalid, edge.CityWideOnly)
@blueprint.arguments(shapes.PackageEditSchema())
@blueprint.response(200, shapes.PackageSchema())
def save_package(body: Mapping[str, Any], code: str) -> Package:
    """Write a package; made, at the end of the list, when new.

    保存一件事；不存在则新建在最后。
    """
    actor = edge.require_everywhere("catalog.edit")
    with edge.transaction() as session:
        row = package_from_data({**body, "code": code}, services=session.scalars(select(Service.code)).all())
        packages.save_package(session, row, actor=actor, now=edge.now())
        return get_package(session, code)


@blueprint.delete("/packages/<code:code>")
@bearer_only("catalog.edit")
@refuses(PackageUnknown, edge.CityWideOnly)
@blueprint.response(204)
def remove_package(code: str) -> None:
    """Take a package away; its history stays.

    删除一件事；历史仍保留。
    """
    actor = edge.require_everywhere("catalog.edit")
    with edge.transaction() as session:
        get_package(session, code)
        packages.remove_package(session, code, actor=actor, now=edge.now())


@blueprint.get("/synonyms")
@bearer_only("catalog.edit")
@blueprint.response(200, shapes.SynonymsSchema())
def list_synonyms() -> dict[str, list[list[str]]]:
    """List the words that mean the same.

    列出全部同义词。
    """
    with edge.transaction() as session:
        rows = session.scalars(select(SearchSynonym.words).order_by(SearchSynonym.id))
        return {"groups": list(rows)}


@blueprint.put("/synonyms")
@bearer_only("catalog.edit")
@refuses(SynonymFileInvalid, edge.CityWideOnly)
@blueprint.arguments(shapes.SynonymsEditSchema())
@blueprint.response(200, shapes.SynonymsSchema())
def save_synonyms(body: Mapping[str, Any]) -> dict[str, Any]:
    """Make these the words that mean the same, and no others.

    整体保存同义词；没有写的会删除。
    """
    actor = edge.require_everywhere("catalog.edit")
    groups = synonyms_from_lines((str(at), words) for at, words in enumerate(body["groups"], 1))
    with edge.transaction() as session:
        edit.save_synonyms(session, groups, actor=actor, now=edge.now())
    return {"groups": groups}


@blueprint.put("/services/<code:code>/guide")
@bearer_only("catalog.edit")
@refuses(ServiceUnknown, GuideInvalid, edge.CityWideOnly)
@blueprint.arguments(shapes.GuideEditSchema())
@blueprint.response(204)
def publish_guide(body: Mapping[str, Any], code: str) -> None:
    """Publish a guide at once; a draft that somebody is editing on the pages stays a draft.

    直接发布办事指引；页面上正在编辑的草稿不受影响。
    """
    actor = edge.require_everywhere("catalog.edit")
    with edge.transaction() as session:
        service, tree = find_any_service(session, code), dict(body["guide"])
        note = body.get("note", "")
        guide_drafts.publish_guide(session, service, tree, actor=actor, now=edge.now(), note=note)


@blueprint.delete("/services/<code:code>/guide")
@bearer_only("catalog.edit")
@refuses(ServiceUnknown, edge.CityWideOnly)
@blueprint.response(204)
def withdraw_guide(code: str) -> None:
    """Ask citizens nothing any more: everybody gets the plain list of materials.

    撤下办事指引，群众只看到普通材料清单。
    """
    actor = edge.require_everywhere("catalog.edit")
    with edge.transaction() as session:
        guide_drafts.withdraw_guide(session, find_any_service(session, code), actor=actor, now=edge.now())


@blueprint.put("/services/<code:code>/active")
@bearer_only("catalog.edit")
@refuses(ServiceUnknown, edge.CityWideOnly)
@blueprint.arguments(shapes.ActiveSchema())
@blueprint.response(200, catalog_shapes.ServiceSchema())
def set_service_active(body: Mapping[str, bool], code: str) -> Service:
    """Put a service out of use, or back in.

    停用或启用事项。
    """
    actor = edge.require_everywhere("catalog.edit")
    with edge.transaction() as session:
        service = find_any_service(session, code)
        edit.set_active(session, service, active=body["active"], actor=actor, now=edge.now())
        return service


@blueprint.post("/services/<code:code>/pictures")
@bearer_only("catalog.edit")
@refuses(ServiceUnknown, PictureUnreadable, PictureTooLarge, PictureTooSmall, edge.CityWideOnly)
@blueprint.arguments(shapes.PictureSendSchema())
@blueprint.response(201, shapes.PictureSchema())
def send_picture(body: Mapping[str, str], code: str) -> dict[str, Any]:
    """Send in what a paper looks like; a material shows it once its `picture` names it.

    上传材料样图；把返回的 picture 写入材料后，群众就能看到。
    """
    actor = edge.require_everywhere("catalog.edit")
    with edge.transaction() as session:
        find_any_service(session, code)
    drawn = draw(_decoded(body["data"]))  # before anything is locked, since that takes a moment
    with edge.transaction() as session:
        service = find_any_service(session, code)
        picture = add_picture(session, drawn, service=service, actor=actor, now=edge.now())
    name = picture.removeprefix(UPLOADED)
    large, small = (url_for(each, name=name) for each in ("picture", "small_picture"))
    size = {"width": drawn.width, "height": drawn.height}
    return {"picture": picture, "url": large, "small_url": small, **size}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise PictureUnreadable from error
