import io
import struct
import zlib

import pytest
from PIL import Image

from catalog.picture_file import (
    LARGE,
    MOST_BYTES,
    SMALL,
    PictureTooLarge,
    PictureTooSmall,
    PictureUnreadable,
    draw,
)

_ORIENTATION, _SOFTWARE, _TURNED_RIGHT = 0x0112, 0x0131, 6


def picture(kind="PNG", size=(1600, 1000), mode="RGB", colour="red", **facts):
    written = io.BytesIO()
    Image.new(mode, size, colour).save(written, kind, **facts)
    return written.getvalue()


def dots(jpeg):
    return Image.open(io.BytesIO(jpeg), formats=("JPEG",))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_every_kind_becomes_a_small_jpeg_of_two_sizes(kind):
    drawn = draw(picture(kind))
    assert dots(drawn.large).size == (drawn.width, drawn.height) == (LARGE[0], 600)
    small = dots(drawn.small).size
    assert small[0] <= SMALL[0]
    assert small[1] <= SMALL[1]


def test_a_picture_taken_sideways_stands_upright_and_says_no_more_where_it_was_taken():
    exif = Image.Exif()
    exif[_ORIENTATION], exif[_SOFTWARE] = _TURNED_RIGHT, "Phone of Wang"
    drawn = draw(picture("JPEG", size=(400, 200), exif=exif))
    assert (drawn.width, drawn.height) == (200, 400)
    assert not dots(drawn.large).getexif()
    assert b"Wang" not in drawn.large


def test_what_hangs_behind_the_end_of_a_picture_is_gone():
    assert b"<script>" not in draw(picture() + b"<script>alert(1)</script>").large


def test_what_is_transparent_becomes_white():
    large = draw(picture(mode="RGBA", colour=(0, 0, 0, 0))).large
    assert dots(large).getpixel((5, 5)) == (255, 255, 255)


def test_the_same_dots_give_the_same_picture():
    assert draw(picture()) == draw(picture(compress_level=1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        picture("GIF"),
        picture()[:200],
        picture("JPEG")[:-400],
        picture("WEBP")[:60],
        b"\x89PNG\r\n\x1a\n" + bytes(60),
    ],
    ids=["nothing", "svg", "gif", "cut png", "cut jpeg", "cut webp", "no png"],
)
def test_what_is_no_whole_picture_is_refused(data):
    with pytest.raises(PictureUnreadable):
        draw(data)


def test_a_few_bytes_that_claim_a_huge_picture_are_refused_before_they_are_decoded():
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    with pytest.raises(PictureTooLarge):
        draw(bomb)


def test_too_many_bytes_and_too_few_dots_are_refused():
    with pytest.raises(PictureTooLarge):
        draw(bytes(MOST_BYTES + 1))
    with pytest.raises(PictureTooSmall):
        draw(picture(size=(300, 40)))
