"""PURE: what a citizen's text message means.

Digits are a rating and nothing else; leaving, coming back and cancelling are words. What is not plain is
`Unclear`: a guess that turns "不满意" into "满意" is worse than asking again, and unrated is never good.
"""

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rating:
    """5 非常满意, 4 满意, 3 基本满意, 2 不满意, 1 非常不满意."""

    grade: int


@dataclass(frozen=True, slots=True)
class OptOut:
    """No more reminders and surveys, please."""


@dataclass(frozen=True, slots=True)
class OptIn:
    """They may come again."""


@dataclass(frozen=True, slots=True)
class CancelWish:
    """The writer wants to cancel a booking. Which one, and whether really, is asked by a link."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nothing that a machine should act on."""


Reply = Rating | OptOut | OptIn | CancelWish | Unclear

_LONGEST = 300  # longer texts are letters; a person should read them
_SIMPLIFIED = str.maketrans(
    {"滿": "满", "訂": "订", "閱": "阅", "復": "复", "約": "约", "來": "来", "沒": "没"}
)

_OPT_OUT = re.compile(
    r"(?:回复?)?(?:td|t)(?:退订)?|(?:回复?|我要|请|帮我|怎么|如何)?退订(?:短信)?(?:回?复?(?:td|t)|谢谢|吧)?"
    r"|取消(?:订阅|短信)|拒收(?:短信)?|(?:不要|别)再?(?:给我)?发(?:短信)?了?"
    r"|(?:please)?(?:stop|stopall|unsubscribe|optout)(?:all|it|sending|messages|texts|sms|please)*"
)
_OPT_IN = re.compile(
    r"(?:我要|请|帮我)?(?:恢复|重新|继续)?订阅(?:短信)?|恢复(?:短信|接收)|start|unstop|subscribe"
)
_CANCEL = re.compile(
    r"(?:你好|您好)?(?:我)?(?:想|要|请|帮我|麻烦)*取消(?:我的|一下|掉)?(?:预约|预定|号|这个预约|今天的预约|明天的预约)?"
    r"(?:了|吧|谢谢|谢谢您|谢谢你)*"
    r"|(?:今天|明天|我)*(?:不去了|去不了了?|来不了了?|不来了|不办了)(?:取消吧?|取消预约)?"
    r"|(?:please)?cancel(?:my|the)?(?:booking|appointment)?(?:please)?"
)

_VERY = r"(?:非常|十分|特别|很|太|超级|超|极其|极度|极|相当|完全)"
# At one place the first alternative wins, and the leftmost place wins: "不太满意" is never read as "太满意".
_SATISFACTION = re.compile(
    rf"(?P<g1>{_VERY}(?:的|地)?不满意|根本不满意|一点儿?[也都]?不满意)"
    rf"|(?P<g2>不(?:是)?{_VERY}满意|不(?:怎么|够|大)满意|不满意)"
    rf"|(?P<g5>{_VERY}(?:的|地)?满意)"
    r"|(?P<g3>(?:基本上?|还算|勉强)(?:的|地)?满意)"
    r"|(?P<g4>满意)"
    r"|(?P<e1>very(?:dissatisfied|unsatisfied|unhappy))"
    r"|(?P<e2>dissatisfied|unsatisfied|not(?:very)?satisfied)"
    r"|(?P<e5>verysatisfied)"
    r"|(?P<e3>(?:fairly|basically)satisfied)"
    r"|(?P<e4>satisfied)"
)
# In the clause before the words these turn the meaning round or make it a wish; just after, a question or
# a noun.
_TURNS_BEFORE = re.compile(
    r"没|无(?!比)|从未|并非|不是|不能|不会|不算|不上|谈什么|怎|哪|可能|如果|要是|希望|not|never|hardly|nt"
    r"|(?:不|未|非|别|难|才)$"
)
_TURNS_AFTER = re.compile(r"^(?:吗|么|度|率|才怪|不满意|个屁|个头)|\?")

_DIGITS = {"一": "1", "二": "2", "两": "2", "三": "3", "四": "4", "五": "5"}
_GRADE = re.compile(
    r"(?:我|我的|给|打|打个|评|评价|评分|选|选择|回|回复|是|为|:|rating|rate)*"
    r"(?P<digit>[1-5]|[一二两三四五](?=[分星级颗]))"
    r"(?:分|星|级|颗星|星级|stars?|points?)?"
    r"(?:好评|谢谢|谢谢你|谢谢您|谢谢你们|感谢|辛苦了|thanks?|thankyou)*"
)
_NOISE = re.compile(r"[\s.,;!~…、。,:'\"()\[\]【】<>《》“”‘’*#_`^/\\|=·•—–-]+")
# "满意 5 4": a digit that stands alone was meant as a rating, so words beside it do not decide.
_LONE_DIGIT = re.compile(r"(?:^|[\s,;。、])[0-9]+(?:$|[\s,;。、!])|[0-9]\s*分(?!钟)|[0-9]\s*星(?!期)")
_CLAUSE_ENDS = re.compile(r"[,;.。!…\n]+")
# 4.5, 1-5, 3/5: leaving out what is between would make up numbers that nobody wrote.
_BETWEEN_DIGITS = re.compile(r"[0-9][\s.,:/、~—–-]+[0-9]")
_WORST_GOOD = 3


def parse_reply(text: str) -> Reply:
    """The meaning of an inbound message, if it has exactly one."""
    if len(text) > _LONGEST:
        return Unclear()
    plain = _fold(text)
    squeezed = _NOISE.sub("", plain)
    for pattern, meaning in ((_OPT_OUT, OptOut()), (_OPT_IN, OptIn()), (_CANCEL, CancelWish())):
        if pattern.fullmatch(squeezed):
            return meaning
    return _rating(plain)


def _fold(text: str) -> str:
    """Half-width, lower case, simplified, without emoji and invisible marks; ⑤ and 5️⃣ become 5."""
    folded = unicodedata.normalize("NFKC", text).lower().translate(_SIMPLIFIED)
    return "".join(
        c for c in folded if unicodedata.category(c) not in {"So", "Sk", "Cf", "Mn", "Me", "Cs", "Co"}
    )


def _rating(plain: str) -> Rating | Unclear:
    """A digit alone, words alone, or both where they agree on good (3–5) or bad (1, 2): then the digit."""
    if _BETWEEN_DIGITS.search(plain):
        return Unclear()
    clauses = [_NOISE.sub("", clause) for clause in _CLAUSE_ENDS.split(plain)]
    spoken = {_spoken_grade(match) for clause in clauses for match in _SATISFACTION.finditer(clause)}
    if len(spoken) > 1 or None in spoken:
        return Unclear()
    word = next(iter(spoken), None)
    rest = _GRADE.fullmatch("".join(_SATISFACTION.sub("", clause) for clause in clauses))
    if rest is None:
        return Unclear() if word is None or _LONE_DIGIT.search(plain) else Rating(word)
    digit = int(_DIGITS.get(rest["digit"], rest["digit"]))
    if word is not None and (word >= _WORST_GOOD) != (digit >= _WORST_GOOD):
        return Unclear()
    return Rating(digit)


def _spoken_grade(mention: re.Match[str]) -> int | None:
    """The grade of one mention in its clause, or None where the words around it turn it."""
    before, after = mention.string[: mention.start()], mention.string[mention.end() :]
    if _TURNS_BEFORE.search(before) or _TURNS_AFTER.search(after):
        return None
    return int(str(mention.lastgroup)[1])
