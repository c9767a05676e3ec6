"""The day's report as a spreadsheet: one line per figure, in the reader's language."""

from collections.abc import Iterator

from flask_babel import gettext as _

from queueing.day_report import LEFT, TIMES, Report


def cells_of(report: Report) -> list[list[str]]:
    """Part, what, how much; the head first."""
    return [[_("部分"), _("项目"), _("数值")], *_numbers(report), *_times(report), *_left(report)]


def _numbers(report: Report) -> Iterator[list[str]]:
    names = {
        "issued": _("发出"),
        "booked": _("预约"),
        "walk_in": _("现场"),
        "green": _("绿色通道"),
        "standby": _("候补"),
        "completed": _("已办结"),
        "abandoned": _("已作废"),
    }
    yield from ([_("号码"), name, str(report.counts[code])] for code, name in names.items())
    still = {
        "owed": _("容缺待补"),
        "owed_due": _("容缺待补，其中到期"),
        "tasks": _("后台办理中"),
        "tasks_due": _("后台办理中，其中到期"),
        "to_collect": _("等本人领取"),
    }
    yield from ([_("还要做的"), name, str(report.counts[code])] for code, name in still.items())


def _times(report: Report) -> Iterator[list[str]]:
    names = {"wait": _("等候"), "walk": _("走到窗口"), "service": _("办理")}
    kinds = {"mean": _("平均"), "p90": _("九成的人不超过")}
    for code in TIMES:
        for kind, word in kinds.items():
            value = report.minutes[code][kind]
            yield [
                _("三段时间（分钟，已办结的人）"),
                f"{names[code]} · {word}",
                "" if value is None else str(value),
            ]


def _left(report: Report) -> Iterator[list[str]]:
    names = left_names()
    part = _("随这一天结束的号码") if report.made_at else _("还没有办完的号码")
    for state in LEFT:
        labels = report.ended.get(state, ())
        yield [part, names[state], f"{len(labels)}{_('：')}{_('、').join(labels)}" if labels else "0"]


def left_names() -> dict[str, str]:
    """What the end of a day calls the states in which it finds numbers."""
    words = (_("还在等候"), _("已叫号、没有来"), _("正在办理"), _("暂挂"), _("过号没有回来"))
    return dict(zip(LEFT, words, strict=True))
