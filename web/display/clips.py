"""Sounds of the screens: a hall's own recordings where there are some, else what the build made."""

from pathlib import Path

from flask import Blueprint, send_from_directory
from flask.typing import ResponseReturnValue

from kernel.errors import NotFound
from web import edge
from web.guards import public

BUILT = Path(__file__).resolve().parent.parent / "static" / "audio" / "generated"
_DAY = 86_400


class ClipUnknown(NotFound):
    """No such sound was recorded or built: the screen does without."""

    code = "clip_unknown"
    zh = "没有这段语音。"
    en = "There is no such recording."


@public
def clip(name: str) -> ResponseReturnValue:
    """One word as a sound file: `zh-3`, `en-3`."""
    for folder in (edge.parts().settings.var / "clips", BUILT):
        if (folder / f"{name}.wav").is_file():
            return send_from_directory(folder.resolve(), f"{name}.wav", max_age=_DAY)
    raise ClipUnknown


def add_to(blueprint: Blueprint) -> None:
    """Attach the route. Names hold no slash and no dot, so that they stay in their folder."""
    blueprint.add_url_rule("/screen-clips/<string:name>.wav", "clip", clip)
