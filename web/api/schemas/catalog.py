"""Services, their materials and guides."""

from marshmallow import fields, validate

from catalog.search import MOST_QUERY
from catalog.service_file import PAYMENTS, WAYS
from web.api.fields import Answers, Asked, Code, Flag, Matching, Text, Told, Whole, some


class ServiceQuerySchema(Asked):
    """What is looked for."""

    q = Text(
        MOST_QUERY, metadata={"description": "Own words, pinyin or initials. 自己的说法、拼音或首字母。"}
    )
    hall = Code(metadata={"description": "Only what this hall handles. 仅限该大厅办理的事项。"})


class ServiceSchema(Told):
    """A matter (事项). Fees are in fen, `minutes` is the planned length at the counter."""

    code = some()
    name_zh = some()
    name_en = some()
    summary_zh = some()
    summary_en = some()
    minutes = some(fields.Integer)
    fee_fen = some(fields.Integer)
    fee_note_zh = some()
    fee_note_en = some()
    handling_zh = some()
    handling_en = some()
    online_url = some()
    machine_zh = some()
    machine_en = some()
    by_post = some(fields.Boolean)
    ways = some(fields.List, fields.String())
    pay = some(fields.List, fields.String())


class FoundServiceSchema(ServiceSchema):
    """A service found; `situation` is what the words pointed at, if anything."""

    situation = some(allow_none=True)
    situation_zh = some(allow_none=True)
    situation_en = some(allow_none=True)


class ServiceListSchema(Told):
    """Services, the best first."""

    services = some(fields.List, fields.Nested(FoundServiceSchema()))


class MaterialSchema(Told):
    """A paper to bring. `waivable`: an electronic licence of the kind `licence` proves it (免交).

    `deferrable`: the case is accepted without it, and it is handed in afterwards (容缺).
    """

    code = some()
    name_zh = some()
    name_en = some()
    copies = some(fields.Integer)
    original = some(fields.Boolean)
    waivable = some(fields.Boolean)
    deferrable = some(fields.Boolean)
    note_zh = some()
    note_en = some()
    picture = some()
    picture_zh = some()
    picture_en = some()
    licence = some()


class OfferedSchema(Told):
    """Where a service is handled."""

    hall = some()
    name_zh = some()
    name_en = some()
    group = some()


class ServiceDetailSchema(ServiceSchema):
    """A service with its papers and halls."""

    materials = some(fields.List, fields.Nested(MaterialSchema()))
    has_guide = some(fields.Boolean)
    halls = some(fields.List, fields.Nested(OfferedSchema()))


class OptionSchema(Told):
    """An answer to choose; `next` is the next question, empty at the end of a way."""

    code = some()
    text_zh = some()
    text_en = some()
    next = some()


class QuestionSchema(Told):
    """A question with its answers."""

    code = some()
    text_zh = some()
    text_en = some()
    help_zh = some()
    help_en = some()
    options = some(fields.List, fields.Nested(OptionSchema()))


class SituationSchema(Told):
    """Where answers lead; `minutes` and `fee_fen` are null where the service's own hold."""

    code = some()
    name_zh = some()
    name_en = some()
    minutes = some(fields.Integer, allow_none=True)
    fee_fen = some(fields.Integer, allow_none=True)
    note_zh = some()
    note_en = some()


class GuideSchema(Told):
    """The whole guide."""

    service = some()
    start = some()
    questions = some(fields.List, fields.Nested(QuestionSchema()))
    situations = some(fields.List, fields.Nested(SituationSchema()))


class GuideAnswersSchema(Asked):
    """What was answered so far."""

    answers = Answers()


class ChecklistItemSchema(Told):
    """A paper to bring in this situation, and why."""

    material = some(fields.Nested, MaterialSchema())
    why_zh = some()
    why_en = some()


class GuideStepSchema(Told):
    """The next question, or the situation with its personal checklist: one of them is null.

    `answers` keeps those that lie on the way.
    """

    answers = some(fields.Dict, keys=fields.String(), values=fields.String())
    question = some(fields.Nested, QuestionSchema(), allow_none=True)
    situation = some(fields.Nested, SituationSchema(), allow_none=True)
    checklist = some(fields.List, fields.Nested(ChecklistItemSchema()))


class MaterialEditSchema(Asked):
    """A paper."""

    code = Code(required=True)
    name_zh = Text(80, least=1, required=True)
    name_en = Text(120, least=1, required=True)
    copies = Whole(0, 20)
    original = Flag()
    waivable = Flag()
    deferrable = Flag()
    note_zh = Text(400)
    note_en = Text(400)
    picture = Text(48)
    picture_zh = Text(120)
    picture_en = Text(200)
    licence = Text(32)


class ServiceEditSchema(Asked):
    """A service as in a city's files (docs/city-files.md), without `code` and `halls`."""

    position = Whole(0, 1_000_000)
    name_zh = Text(80, least=1, required=True, metadata={"example": "居民身份证补换领"})
    name_en = Text(120, least=1, required=True, metadata={"example": "ID card renewal"})
    summary_zh = Text(400)
    summary_en = Text(400)
    group = Matching(
        "[A-Za-z0-9]{1,16}",
        required=True,
        metadata={"description": "The usual line. 通常的业务组。", "example": "A"},
    )
    minutes = Whole(1, 480, required=True, metadata={"example": 10})
    fee_fen = Whole(0, 10_000_000)
    fee_note_zh = Text(200)
    fee_note_en = Text(200)
    handling_zh = Text(120)
    handling_en = Text(120)
    online_url = Text(300)
    online_note_zh = Text(200)
    online_note_en = Text(200)
    machine_zh = Text(
        200, metadata={"description": "Which self-service machine does it, and where. 自助机与位置。"}
    )
    machine_en = Text(200)
    ways = fields.List(Text(16), validate=validate.ContainsOnly(WAYS), metadata={"description": "四办。"})
    pay = fields.List(
        Text(16),
        validate=validate.ContainsOnly(PAYMENTS),
        metadata={"description": "Ways to pay. 支付方式。"},
    )
    by_post = Flag(metadata={"description": "The result can be sent home. 可邮寄。"})
    keywords = fields.List(Text(60, least=1), validate=validate.Length(max=100))
    materials = fields.List(
        fields.Nested(MaterialEditSchema()),
        required=True,
        validate=validate.Length(min=1, max=60),
        metadata={"example": [{"code": "id-card", "name_zh": "居民身份证", "name_en": "ID card"}]},
    )
    guide = fields.Dict(
        keys=fields.String(),
        metadata={"description": "Questions and situations, as in a city's files. 办事指引。"},
    )
