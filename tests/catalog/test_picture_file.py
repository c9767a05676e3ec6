import io
import random
import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from catalog.picture_file import (
    LARGE,
    MOST_BYTES,
    MOST_SMALL_BYTES,
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


def test_a_comment_in_a_file_is_gone():
    assert b"Wang" not in draw(picture("JPEG", comment=b"at Wang's home")).large


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


def test_a_small_one_is_little_whatever_is_on_it():
    noise = Image.frombytes("RGB", (300, 200), random.Random(1).randbytes(300 * 200 * 3))
    written = io.BytesIO()
    noise.save(written, "PNG")
    for data in (written.getvalue(), picture("JPEG", comment=bytes(60_000))):
        assert len(draw(data).small) <= MOST_SMALL_BYTES


@pytest.mark.parametrize(("grey", "seen"), [(0, 0), (32_896, 128), (65_535, 255)])
def test_sixteen_bits_of_grey_stay_the_grey_they_are(grey, seen):
    red, green, blue = dots(draw(picture(mode="I;16", colour=grey)).large).getpixel((5, 5))
    assert red == green == blue
    assert abs(red - seen) <= 1


def with_exif(kind):
    exif = Image.Exif()
    exif[_ORIENTATION], exif[_SOFTWARE] = _TURNED_RIGHT, "Phone of Wang"
    return picture(kind, size=(160, 130), exif=exif)


_WHOLE = {kind: with_exif(kind) for kind in ("PNG", "JPEG", "WEBP")}
_MANGLED = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6)


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(sorted(_WHOLE)), changes=_MANGLED, cut=st.integers(0, 60))
def test_a_mangled_file_is_a_picture_or_refused_in_words(kind, changes, cut):
    data = bytearray(_WHOLE[kind])
    for at, byte in changes:
        data[at % len(data)] = byte
    with suppress(PictureTooLarge, PictureTooSmall, PictureUnreadable):
        assert draw(bytes(data[: len(data) - cut])).small


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kept", [2, 8, 9, 14, 20, 25])
def test_a_cut_exif_is_no_failure(kept):
    whole = Image.Exif()
    whole[_ORIENTATION], whole[_SOFTWARE] = _TURNED_RIGHT, "Phone of Wang"
    with suppress(PictureUnreadable):
        assert draw(picture("JPEG", exif=whole.tobytes()[: 6 + kept])).large


@pytest.mark.parametrize(
    "raised", [struct.error, IndexError, KeyError, TypeError, Image.DecompressionBombError]
)
def test_whatever_the_decoder_stumbles_over_is_said_in_words(monkeypatch, raised):
    def stumble(*_facts, **_more):
        raise raised

    monkeypatch.setattr(Image, "open", stumble)
    with pytest.raises(PictureUnreadable):
        draw(picture())
