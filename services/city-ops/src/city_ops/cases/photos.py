"""A photo as the city keeps it: one still picture, upright, of bounded size, without what the camera wrote beside it.

Cameras write the place, the time and the device's serial number into a file (EXIF, GPS, XMP); a citizen who sends a
photo of a broken cover does not mean to send those. So the pixels alone are kept, encoded anew.
"""

import io
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from city_ops.cases.errors import NotAPhoto

LARGEST_UPLOAD = 8 * 1024 * 1024
MOST_PIXELS = 50_000_000  # What telephones of today make.
MOST_PIXELS_UNSCALED = 25_000_000  # PNG and WebP must be decoded whole; JPEG can be read at a fraction of its size.
LONGEST_SIDE = 2560
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


@dataclass(frozen=True)
class CleanPhoto:
    """A photo that was encoded anew."""

    media_type: str
    width: int
    height: int
    content: bytes


def clean(upload: bytes) -> CleanPhoto:
    """The upload as a clean photo. Costs processor time: call it in a thread.

    Raises NotAPhoto for what is no JPEG, PNG or WebP, is broken, moves, or has more pixels than it may: the size is
    read from the header, so that a decompression bomb is refused before it is decoded.
    """
    if not 0 < len(upload) <= LARGEST_UPLOAD:
        raise NotAPhoto(("照片应大于0且不超过8MB", "A photo has at most 8 MB and is not empty"))
    try:
        with Image.open(io.BytesIO(upload), formats=tuple(FORMATS)) as opened:
            return _clean(opened)
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotAPhoto() from error
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, OverflowError) as error:
        raise NotAPhoto(("照片已损坏", "The photo is broken")) from error


def _clean(opened: Image.Image) -> CleanPhoto:
    kind = opened.format or ""
    pixels = opened.width * opened.height
    if pixels > (MOST_PIXELS if kind == "JPEG" else MOST_PIXELS_UNSCALED):
        raise NotAPhoto(("照片像素过多", "The photo has too many pixels"))
    if getattr(opened, "n_frames", 1) != 1:
        raise NotAPhoto(("不接受动图", "A moving picture is not a photo"))
    opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    picture = ImageOps.exif_transpose(opened)
    mode = "RGBA" if kind != "JPEG" and picture.has_transparency_data else "RGB"
    picture = picture.convert(mode)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    # A new picture of the same pixels carries nothing over: no EXIF, GPS, XMP, comment or colour profile.
    fresh = Image.new(mode, picture.size)
    fresh.paste(picture)
    written = io.BytesIO()
    options = {"quality": 85} if kind in {"JPEG", "WEBP"} else {"optimize": False}
    fresh.save(written, format=kind, **options)
    return CleanPhoto(FORMATS[kind], fresh.width, fresh.height, written.getvalue())
