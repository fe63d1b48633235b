"""From the pixels of any Pillow image to the 8-bit RGB frame that a network sees.

What the modes of Pillow mean in colours is known here; files, limits and errors are the matter of `decode`.
Modes: https://pillow.readthedocs.io/en/stable/handbook/concepts.html#modes
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

AlphaTreatment = Literal["white", "drop"]

# Tag 274 of EXIF (CIPA DC-008): where row 0 and column 0 of the stored pixels are on the picture.
_UPRIGHT: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_STRAIGHT_ALPHA = {"La": "LA", "RGBa": "RGBA"}
_GREY_MODES = {"1", "L", "LA"}
_BLOCK_PIXELS = 1 << 20
_SIXTEEN_TO_EIGHT_BITS = ((np.arange(65_536, dtype=np.uint32) + 128) // 257).astype(np.uint8)


def channel_count(image: Image.Image) -> int:
    """Return the number of channels of a picture as a viewer sees it, without loading its pixels.

    A palette counts as the three channels of its colours; transparency counts as one more, whether it is a
    band, part of the palette or a colour key.
    """
    bands = 3 if image.mode in {"P", "PA"} else sum(band not in {"A", "a", "X"} for band in image.getbands())
    return bands + image.has_transparency_data


def square_frame(
    image: Image.Image, frame_size: int, alpha: AlphaTreatment, orientation: int = 1
) -> npt.NDArray[np.uint8]:
    """Return a picture as an RGB frame, stretched to a square without regard to its aspect ratio.

    The colours become 8-bit RGB first, then Pillow's bicubic filter resizes, as in `image.convert("RGB")
    .resize(size)`. The EXIF orientation is applied to the small frame, which differs from turning the
    whole picture first by at most one grey level of rounding, and spares a copy of a large photograph.

    Args:
        image: Picture in any mode of Pillow.
        frame_size: Height and width of the frame in pixels.
        alpha: `white` puts a transparent picture on white; `drop` takes its colours as they are.
        orientation: EXIF orientation, 1 to 8; other values mean upright, as in 1.

    Returns:
        Array [frame_size, frame_size, 3] of uint8, read-only.
    """
    frame = opaque(image, alpha).resize((frame_size, frame_size), Image.Resampling.BICUBIC)
    if orientation in _UPRIGHT:
        frame = frame.transpose(_UPRIGHT[orientation])
    pixels = np.frombuffer((frame if frame.mode == "RGB" else frame.convert("RGB")).tobytes(), np.uint8)
    return pixels.reshape(frame_size, frame_size, 3)


def opaque(image: Image.Image, alpha: AlphaTreatment) -> Image.Image:
    """Return a picture in mode L or RGB, its transparency treated as told; see `square_frame`.

    Wider samples are brought to 8 bits: 16-bit ones divided by 257; mode I and F, which do not say what
    white is, by the first of the usual ranges [0, 1] (F only), [0, 255], [0, 65535] that holds all values,
    else stretched from their least to their greatest value. CMYK is converted without colour profile.
    """
    if image.mode.startswith("I;16"):
        image = _sixteen_bit_grey(image)
    elif image.mode in {"I", "F"}:
        image = _wide_grey(image)
    elif image.mode in _STRAIGHT_ALPHA:
        image = image.convert(_STRAIGHT_ALPHA[image.mode])
    if image.has_transparency_data and alpha == "white":
        coloured = image.convert("RGBA")
        canvas = Image.new("RGB", image.size, "white")
        canvas.paste(coloured, mask=coloured)
        return canvas
    if image.has_transparency_data and image.mode == "P":
        image = image.convert("RGBA")
    mode = "L" if image.mode in _GREY_MODES else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _sixteen_bit_grey(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    grey = Image.fromarray(_SIXTEEN_TO_EIGHT_BITS[values])
    colour_key = image.info.get("transparency")
    if isinstance(colour_key, int):
        grey.putalpha(Image.fromarray(np.where(values == colour_key, np.uint8(0), np.uint8(255))))
    return grey


def _wide_grey(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    finite = np.isfinite(values)
    unbounded = np.inf if image.mode == "F" else np.iinfo(np.int32).max
    low = float(values.min(initial=unbounded, where=finite))
    high = float(values.max(initial=-unbounded, where=finite))
    usual_whites = (1.0, 255.0, 65_535.0) if image.mode == "F" else (255.0, 65_535.0)
    white = next((white for white in usual_whites if low >= 0 and high <= white), None)
    black, white = (low, high) if white is None else (0.0, white)
    scale = 255 / (white - black) if white > black else 0.0
    grey = np.empty(values.shape, np.uint8)
    # In blocks of rows, since doubles of a whole photograph would take eight times its memory.
    rows = 1 + _BLOCK_PIXELS // image.width
    for top in range(0, image.height, rows):
        block = values[top : top + rows].astype(np.float64)
        np.copyto(block, black, where=~finite[top : top + rows])
        grey[top : top + rows] = np.rint((block - black) * scale)
    return Image.fromarray(grey)
