"""Photos: what is taken, what is refused, and what does not survive."""

import io
import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from city_ops.cases.errors import NotAPhoto
from city_ops.cases.photos import LARGEST_UPLOAD, LONGEST_SIDE, clean

from .factories import picture


def png_that_claims(width, height):
    """A few bytes that claim to be a picture of a given size."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def with_exif(kind="JPEG", orientation=1, size=(40, 20)):
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x0112] = orientation
    exif.get_ifd(0x8825)[2] = (37.0, 44.0, 12.34)
    written = io.BytesIO()
    Image.new("RGB", size, (1, 2, 3)).save(written, kind, exif=exif)
    return written.getvalue()


class TestTaken:
    @pytest.mark.parametrize(("kind", "media"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
    def test_three_formats(self, kind, media):
        photo = clean(picture(kind))
        assert (photo.media_type, photo.width, photo.height) == (media, 64, 48)
        assert Image.open(io.BytesIO(photo.content)).format == kind

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_nothing_of_the_camera_stays(self, kind):
        upload = with_exif(kind)
        assert b"SecretCamera" in upload
        photo = clean(upload)
        assert b"SecretCamera" not in photo.content
        opened = Image.open(io.BytesIO(photo.content))
        assert dict(opened.getexif()) == {}
        assert not {"exif", "icc_profile", "xmp", "comment"} & set(opened.info)

    def test_it_stands_upright(self):
        photo = clean(with_exif(orientation=6))
        assert (photo.width, photo.height) == (20, 40)

    def test_text_beside_the_pixels_goes(self):
        info = PngInfo()
        info.add_text("Author", "SecretName")
        photo = clean(picture("PNG", pnginfo=info))
        assert b"SecretName" not in photo.content

    def test_what_hangs_behind_the_picture_goes(self):
        photo = clean(picture() + b"<?php SECRET ?>")
        assert b"SECRET" not in photo.content

    def test_a_large_one_is_made_smaller(self):
        photo = clean(picture(size=(5000, 1000)))
        assert photo.width == LONGEST_SIDE

    def test_transparency_stays(self):
        written = io.BytesIO()
        Image.new("RGBA", (8, 8), (1, 2, 3, 4)).save(written, "PNG")
        assert Image.open(io.BytesIO(clean(written.getvalue()).content)).mode == "RGBA"

    def test_grey_and_palette(self):
        for mode in ("L", "P", "1", "CMYK"):
            written = io.BytesIO()
            Image.new(mode, (8, 8)).save(written, "JPEG" if mode == "CMYK" else "PNG")
            assert clean(written.getvalue()).width == 8


class TestRefused:
    @pytest.mark.parametrize("size", [(30000, 30000), (10000, 6000), (2**31 - 1, 2**31 - 1), (65535, 10000)])
    def test_a_bomb_before_it_is_decoded(self, size):
        with pytest.raises(NotAPhoto):
            clean(png_that_claims(*size))

    @pytest.mark.parametrize(
        "upload",
        [b"", b"\x00", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"PK\x03\x04", b"\xff\xd8\xff\xe0"],
    )
    def test_what_is_no_photo(self, upload):
        with pytest.raises(NotAPhoto):
            clean(upload)

    @pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "PPM"])
    def test_other_formats(self, kind):
        with pytest.raises(NotAPhoto):
            clean(picture(kind))

    def test_a_moving_one(self):
        written = io.BytesIO()
        frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
        frames[0].save(written, "WEBP", save_all=True, append_images=frames[1:])
        with pytest.raises(NotAPhoto):
            clean(written.getvalue())

    def test_a_cut_one(self):
        with pytest.raises(NotAPhoto):
            clean(picture(size=(640, 480))[:600])

    def test_too_many_bytes(self):
        with pytest.raises(NotAPhoto):
            clean(b"\xff" * (LARGEST_UPLOAD + 1))

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_damage_is_told_and_never_an_error_of_ours(self, data):
        upload = bytearray(picture(data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))))
        for place in data.draw(st.lists(st.integers(0, len(upload) - 1), min_size=1, max_size=20)):
            upload[place] = data.draw(st.integers(0, 255))
        with suppress(NotAPhoto):
            clean(bytes(upload))
