"""PURE: a picture as somebody's phone or scanner made it, decoded and drawn anew: small and upright.

Drawing anew drops what a file may carry besides its dots (where it was taken, other files behind its end).
"""

import io
import struct
import zlib
from dataclasses import dataclass

from PIL import Image, ImageOps

from kernel.errors import Invalid

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_BYTES = 8 * 1024 * 1024
MOST_DOTS = 25_000_000
LEAST_SIDE = 120
LARGE = (960, 960)
# Shown at 72 by 48: dots for fine screens, and so few bytes that a list of ten costs less than its page.
SMALL = (144, 96)
MOST_SMALL_BYTES = 4096
_QUALITY = 80
_SMALL_QUALITIES = (60, 40, 25, 10)
# Pillow's own measure comes with a warning first, and ours before anything is decoded.
Image.MAX_IMAGE_PIXELS = None
# All that Pillow was seen to raise, or may by its code, on files that are cut, mixed up or made to harm.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    SystemError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class PictureUnreadable(Invalid):
    """The file is no picture of a known kind, or is damaged."""

    code = "picture_unreadable"
    zh = "这个文件不是能打开的 PNG、JPEG 或 WebP 图片，请重新拍照或另存后再选。"
    en = "This file is no PNG, JPEG or WebP picture that can be opened. Please take or save it anew."


class PictureTooLarge(Invalid):
    """More bytes or more dots than a sample needs."""

    code = "picture_too_large"
    zh = "图片太大：最多 8 MB、2500 万像素。请缩小后再选。"
    en = "The picture is too large: at most 8 MB and 25 million dots. Please make it smaller."


class PictureTooSmall(Invalid):
    """Nobody would recognise a paper on it."""

    code = "picture_too_small"
    zh = "图片太小，看不清：长和宽至少 120 像素。"
    en = "The picture is too small to see anything: at least 120 dots wide and high."


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as JPEG: in full, and as it stands in a list."""

    large: bytes
    small: bytes
    width: int
    height: int


def draw(data: bytes) -> Drawn:
    """The picture of a file.

    Raises:
        PictureTooLarge, PictureTooSmall, PictureUnreadable
    """
    if len(data) > MOST_BYTES:
        raise PictureTooLarge
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as file:
            _measure(file.size)
            dots = _upright(file)
    except _BROKEN as error:
        raise PictureUnreadable from error
    large = _fitted(dots, LARGE)
    return Drawn(_as_jpeg(large, _QUALITY), _as_little(_fitted(dots, SMALL)), large.width, large.height)


def _measure(size: tuple[int, int]) -> None:
    """Before anything is decoded: a small file can hold a huge picture."""
    if size[0] * size[1] > MOST_DOTS:
        raise PictureTooLarge
    if min(size) < LEAST_SIDE:
        raise PictureTooSmall


def _upright(file: Image.Image) -> Image.Image:
    """The dots as they are meant to be seen, on white paper."""
    file.load()
    turned = ImageOps.exif_transpose(file)
    if turned.mode.startswith("I"):  # 16 bits of grey, which Pillow would cut off at 255
        return turned.convert("I").point(lambda dot: dot * (1 / 257)).convert("L").convert("RGB")
    if not turned.has_transparency_data:
        return turned.convert("RGB")
    over = turned.convert("RGBA")
    paper = Image.new("RGB", over.size, "white")
    paper.paste(over, mask=over.getchannel("A"))
    return paper


def _fitted(dots: Image.Image, size: tuple[int, int]) -> Image.Image:
    fitted = dots.copy()
    fitted.thumbnail(size)
    return fitted


def _as_little(dots: Image.Image) -> bytes:
    for quality in _SMALL_QUALITIES:
        jpeg = _as_jpeg(dots, quality)
        if len(jpeg) <= MOST_SMALL_BYTES:
            break
    return jpeg


def _as_jpeg(dots: Image.Image, quality: int) -> bytes:
    written = io.BytesIO()
    # Pillow would write a comment of the file again.
    dots.save(written, "JPEG", quality=quality, optimize=True, progressive=True, comment=b"")
    return written.getvalue()
