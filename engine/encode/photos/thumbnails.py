"""Photos as pages show them: small JPEGs, and the type of a file. Knows pictures; not files' places."""

from __future__ import annotations

import io

from PIL import Image

from engine.encode.images import decode
from engine.encode.photos.opening import ImageInput, opened
from engine.errors import BadImage

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "GIF": "image/gif",
}
_QUALITY = 85
_MOST_PROFILE = 1 << 16  # bytes; those of cameras and screens are smaller


def thumbnail(image: ImageInput, edge: int) -> bytes:
    """A JPEG of an image, upright, on white, its longer side at most `edge` pixels.

    It has the image's colour profile where its colours are not the usual ones, as phones' often are.

    Raises:
        BadImage: it can't be decoded.
    """
    small = decode(image)
    if max(small.size) > edge:
        small = small.copy()  # a PIL image that was given stays as it is
        small.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=_QUALITY, icc_profile=_profile(small))
    return buffer.getvalue()


def _profile(picture: Image.Image) -> bytes | None:
    """The colour profile that a small JPEG needs: without one, or with sRGB's, it shows the same."""
    profile = picture.info.get("icc_profile")
    if not isinstance(profile, bytes) or profile[16:20] != b"RGB " or len(profile) > _MOST_PROFILE:
        return None
    is_usual = any("sRGB".encode(encoding) in profile for encoding in ("ascii", "utf-16-be"))
    return None if is_usual else profile


def format_of(data: bytes) -> str:
    """Pillow's name of the format that a file's bytes are in, such as "JPEG"; nothing is decoded.

    Raises:
        BadImage: no picture, or one with too many pixels; says what it is.
    """
    try:
        return opened(data).format or "?"
    except BadImage:
        raise
    except Exception as error:  # decoders raise whatever they like
        raise BadImage(f"damaged image ({type(error).__name__})") from None
