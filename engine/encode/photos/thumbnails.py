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


def thumbnail(image: ImageInput, edge: int) -> bytes:
    """A JPEG of an image, upright, on white, its longer side at most `edge` pixels.

    Raises:
        BadImage: it can't be decoded.
    """
    small = decode(image)
    if max(small.size) > edge:
        small = small.copy()  # a PIL image that was given stays as it is
        small.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


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
