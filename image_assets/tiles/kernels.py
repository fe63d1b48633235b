"""The reconstructions that come with the package, each made by a function of its parameters.

| Name | Result | Equal to, on the whole picture | Halo |
|---|---|---|---|
| `clip_and_sum` | the published study: values above a threshold become 0, neighbourhood summed | (tiles only) | 0 |
| `gaussian` | Gaussian blur | `scipy.ndimage.gaussian_filter(picture, sigma, axes=(0, 1))` | truncate x sigma |
| `median` | median of a square | `scipy.ndimage.median_filter(picture, size=(size, size, 1))` | size // 2 |
| `unsharp` | unsharp mask, uint8 | Pillow's `UnsharpMask(radius, percent, threshold)` | about 3 radius |

Tolerance 0 for all of them and every dtype they accept: the same operations meet the same numbers. Border of the
picture: `gaussian` and `median` mirror it with the edge pixel repeated (scipy's `reflect`), `unsharp` repeats the
edge pixel (Pillow).
"""

import math
from functools import partial

import numpy as np

from image_assets.errors import SettingsError, SourceError
from image_assets.tiles.median import median_filter
from image_assets.tiles.neighbourhood import HaloFilter, PixelwiseReduction
from image_assets.tiles.scene import Pixels

_PILLOW_PASSES = 3  # box blurs that ImagingGaussianBlur runs, src/libImaging/UnsharpMask.c


def clip_and_sum(threshold: int = 20) -> PixelwiseReduction:
    """Make the study's reconstruction: values above `threshold` become 0, then the sum over the neighbourhood.

    Sources are whole numbers of 8 or 16 bits, the sum is int32: it cannot overflow over up to 65,535 tiles (radius
    127). Other dtypes are refused; a sum of floating-point numbers would depend on the order.
    """
    clip = partial(_clip, threshold=threshold)
    return PixelwiseReduction("clip_and_sum", clip, reduce=np.add, total_dtype="int32")


def gaussian(sigma: float = 2.0, truncate: float = 4.0) -> HaloFilter:
    """Make a Gaussian blur of standard deviation `sigma` pixels, cut at `truncate` standard deviations.

    Any numeric dtype, which the result keeps; as in scipy, whole numbers are cut towards 0 after each axis.
    """
    _require(sigma > 0 and truncate > 0, "gaussian", f"sigma={sigma}, truncate={truncate}", "above 0")
    halo = int(truncate * sigma + 0.5)
    return HaloFilter("gaussian", halo, partial(_gaussian, sigma=sigma, truncate=truncate))


def median(size: int = 3) -> HaloFilter:
    """Make a median filter over squares of `size` x `size` pixels; any numeric dtype without NaN."""
    _require(size % 2 == 1 and size > 0, "median", f"size={size}", "an odd number of pixels")
    return HaloFilter("median", size // 2, partial(median_filter, size=size))


def unsharp(radius: float = 2.0, percent: int = 150, threshold: int = 3) -> HaloFilter:
    """Make an unsharp mask: differences from the blurred picture of at least `threshold`, added at `percent` per cent.

    Args:
        radius: Standard deviation of the blur in pixels, which Pillow approximates by three box blurs.
        percent: Strength.
        threshold: Smallest difference that is sharpened, in grey levels.
    """
    _require(radius > 0 and percent >= 0, "unsharp", f"radius={radius}, percent={percent}", "above 0")
    box = math.floor((math.sqrt(12 * radius**2 / _PILLOW_PASSES + 1) - 1) / 2) + 1
    apply = partial(_unsharp, radius=radius, percent=percent, threshold=threshold)
    return HaloFilter("unsharp", _PILLOW_PASSES * box, apply)


def _require(holds: bool, name: str, found: str, expected: str) -> None:
    if not holds:
        raise SettingsError(f"reconstruction {name!r} cannot work with {found}; give values {expected}")


def _clip(pixels: Pixels, threshold: int) -> Pixels:
    if pixels.dtype.kind not in "ui" or pixels.dtype.itemsize > 2:
        raise SourceError(
            f"clip_and_sum needs tiles of whole numbers of 8 or 16 bits, found {pixels.dtype}; convert the scene"
        )
    clipped: Pixels = pixels * (pixels <= threshold)  # many times faster than np.where
    return clipped


def _gaussian(pixels: Pixels, sigma: float, truncate: float) -> Pixels:
    from scipy import ndimage  # half a second that only executors should pay

    return np.asarray(ndimage.gaussian_filter(pixels, sigma, truncate=truncate, axes=(0, 1)))


def _unsharp(pixels: Pixels, radius: float, percent: int, threshold: int) -> Pixels:
    from PIL import Image, ImageFilter

    if pixels.dtype != np.uint8:
        raise SourceError(
            f"unsharp needs uint8 tiles, found {pixels.dtype}; convert the scene or register a HaloFilter of your own"
        )
    mask = ImageFilter.UnsharpMask(radius, percent, threshold)
    # One grey picture per channel: the same values as on colours, any number of channels, and faster.
    channels = [Image.fromarray(np.ascontiguousarray(pixels[..., i])) for i in range(pixels.shape[2])]
    return np.stack([np.asarray(channel.filter(mask)) for channel in channels], axis=2)
