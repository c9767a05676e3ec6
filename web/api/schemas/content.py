"""Packages, words and guides as the API says them."""

from marshmallow import fields, validate

from web.api.fields import Asked, Code, Flag, Matching, Text, Told, some


class PackageSchema(Told):
    """Services (by code, in the order people take them) that people need as one."""

    code = some()
    name_zh = some()
    name_en = some()
    summary_zh = some()
    summary_en = some()
    elsewhere_zh = some()
    elsewhere_en = some()
    services = some(fields.List, fields.String())
    keywords = some(fields.List, fields.String())


class PackageListSchema(Told):
    """All packages, in the order that citizens see."""

    packages = some(fields.List, fields.Nested(PackageSchema()))


class PackageEditSchema(Asked):
    """A package as in a city's files (docs/city-files.md)."""

    name_zh = Text(80, least=1, required=True, metadata={"example": "搬新家"})
    name_en = Text(120, least=1, required=True, metadata={"example": "Moving in"})
    summary_zh = Text(400, least=1, required=True, metadata={"example": "一次办完"})
    summary_en = Text(400, least=1, required=True, metadata={"example": "All at once"})
    elsewhere_zh = Text(400)
    elsewhere_en = Text(400)
    services = fields.List(Code(), required=True, validate=validate.Length(min=1, max=20))
    keywords = fields.List(Text(60, least=1), validate=validate.Length(max=100))


class SynonymsSchema(Told):
    """Groups of words that mean the same; the first of each stands for all."""

    groups = some(fields.List, fields.List(fields.String()))


class SynonymsEditSchema(Asked):
    """All groups of words; those that are not here are gone. A word stands in one group only."""

    groups = fields.List(
        fields.List(Text(60, least=1), validate=validate.Length(min=2, max=50)),
        required=True,
        validate=validate.Length(max=2000),
        metadata={"example": [["遗失", "丢了", "lost"]]},
    )


class GuideEditSchema(Asked):
    """A guide as in a city's files (docs/city-files.md); `note` says what was changed."""

    guide = fields.Dict(keys=fields.String(), required=True)
    note = Text(200)


class PictureSendSchema(Asked):
    """A picture of a paper as a file: PNG, JPEG or WebP, at most 8 MB and 25 million dots, 120 at least."""

    data = Matching(
        "[A-Za-z0-9+/]+={0,2}",
        required=True,
        metadata={
            "description": "The file in Base64 (RFC 4648, 4). 图片文件的 Base64。",
            "example": "iVBORw0KGgo=",
        },
    )


class PictureSchema(Told):
    """What a material calls the picture (its `picture`), and where it is seen; it was drawn anew."""

    picture = some()
    url = some()
    small_url = some()
    width = some(fields.Integer)
    height = some(fields.Integer)


class ActiveSchema(Asked):
    """In use, or not."""

    active = Flag(required=True)
