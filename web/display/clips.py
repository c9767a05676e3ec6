"""Sounds of the screens: a hall's own recordings where there are some, else what the build made."""

from pathlib import Path

from flask import Blueprint, current_app, send_from_directory
from flask.typing import ResponseReturnValue

from kernel.errors import NotFound
from web import edge
from web.guards import public

BUILT = "audio/calls"
_DAY = 86_400


class ClipUnknown(NotFound):
    """No such sound was recorded or built: the screen does without."""

    code = "clip_unknown"
    zh = "没有这段语音。"
    en = "There is no such recording."


@public
def clip(name: str) -> ResponseReturnValue:
    """One word as a sound file: `zh-3`, `en-3`."""
    built = Path(str(current_app.static_folder)) / BUILT
    for folder in (edge.parts().settings.var / "clips", built):
        if (folder / f"{name}.wav").is_file():
            return send_from_directory(folder.resolve(), f"{name}.wav", max_age=_DAY)
    raise ClipUnknown


def add_to(blueprint: Blueprint) -> None:
    """Attach the route. Names hold no slash and no dot, so that they stay in their folder."""
    blueprint.add_url_rule("/screen-clips/<string:name>.wav", "clip", clip)
