"""What a file says about its picture before any pixel is decoded, and what is refused for it.

Options of the decoding and the checks that guard the memory and the time of a worker. Decoding itself is in
`decode`.
"""

from dataclasses import dataclass, field

from PIL import Image, TiffImagePlugin

from image_assets.errors import SettingsError
from image_assets.vision.pixels import AlphaTreatment, channel_count

# Pillow warns above the first of these numbers and refuses above the second, whatever limit is set here.
DEFAULT_MAX_PIXELS = 89_478_485
LARGEST_MAX_PIXELS = 2 * DEFAULT_MAX_PIXELS

ORIENTATION_TAG = 274
_TURNED_ORIENTATIONS = {5, 6, 7, 8}
_TIFF_TILE_TAGS = (322, 323)
# A real progressive JPEG has about ten scans; each scan of a hostile one makes the decoder pass over all pixels.
_MAX_JPEG_SCANS = 100
_JPEG_START_OF_SCAN = b"\xff\xda"


@dataclass(frozen=True)
class ImageFilter:
    """Which pictures are wanted; None means no limit. Sizes are those of the stored pixels.

    Attributes:
        channels: Numbers of channels that are wanted, such as (3, 4) for colour only; see `channel_count`.
        max_height: Largest height in pixels.
        max_width: Largest width in pixels.
        max_pixel_count: Largest height times width.
    """

    channels: tuple[int, ...] | None = None
    max_height: int | None = None
    max_width: int | None = None
    max_pixel_count: int | None = None


@dataclass(frozen=True)
class DecodeOptions:
    """How pictures become frames.

    Attributes:
        frame_size: Height and width of a frame in pixels.
        alpha: `white` puts transparent pictures on white, `drop` takes their colours as they are.
        max_pixels: Largest picture that is decoded, in pixels; guards the memory of a worker, which needs
            4 bytes per pixel for a JPEG, at most 16 (WebP).
        image_filter: Pictures that are left out by choice.

    Raises:
        SettingsError: A value cannot work.
    """

    frame_size: int = 224
    alpha: AlphaTreatment = "white"
    max_pixels: int = DEFAULT_MAX_PIXELS
    image_filter: ImageFilter = field(default_factory=ImageFilter)

    def __post_init__(self) -> None:
        if not 1 <= self.frame_size <= 4096:
            raise SettingsError(f"frame_size is {self.frame_size}; give a number of pixels from 1 to 4096.")
        if self.alpha not in {"white", "drop"}:
            raise SettingsError(f"alpha is {self.alpha!r}; give 'white' or 'drop'.")
        if not 1 <= self.max_pixels <= LARGEST_MAX_PIXELS:
            raise SettingsError(
                f"max_pixels is {self.max_pixels}; give a number from 1 to {LARGEST_MAX_PIXELS}. "
                "Larger pictures are for the chain `scenes`, which reads them in tiles."
            )


@dataclass(frozen=True)
class PictureHeader:
    """Size, channels (see `channel_count`) and Pillow mode of a picture as stored in its file.

    Height and width are those of the stored pixels, before the EXIF orientation is applied.
    """

    height: int
    width: int
    n_channels: int
    mode: str


def header_of(image: Image.Image) -> PictureHeader:
    """Return the header of a picture that is open but not loaded."""
    width, height = image.size
    # Pillow announces a TIFF at the size that it will have once turned upright.
    if isinstance(image, TiffImagePlugin.TiffImageFile) and (image.tag_v2.get(ORIENTATION_TAG) in _TURNED_ORIENTATIONS):
        width, height = height, width
    return PictureHeader(height, width, channel_count(image), image.mode)


def refusal(image: Image.Image, header: PictureHeader, content: bytes, options: DecodeOptions) -> str | None:
    """Return why the pixels of an open picture must not be decoded, or None if they may.

    Args:
        image: The picture, not loaded.
        header: Its header.
        content: Its file.
        options: The limits.
    """
    pixel_count = header.height * header.width
    if pixel_count > options.max_pixels:
        return f"{header.height} x {header.width} pixels exceed the limit of {options.max_pixels} (max_pixels)"
    return _unwanted(header, pixel_count, options.image_filter) or _hostile(image, content, options)


def _unwanted(header: PictureHeader, pixel_count: int, wanted: ImageFilter) -> str | None:
    if wanted.channels is not None and header.n_channels not in wanted.channels:
        allowed = " or ".join(str(count) for count in wanted.channels)
        return f"excluded by the image filter: {header.n_channels} channels, wanted {allowed}"
    limits = (
        ("height", header.height, wanted.max_height),
        ("width", header.width, wanted.max_width),
        ("pixel count", pixel_count, wanted.max_pixel_count),
    )
    for name, value, limit in limits:
        if limit is not None and value > limit:
            return f"excluded by the image filter: {name} {value} is over {limit}"
    return None


def _hostile(image: Image.Image, content: bytes, options: DecodeOptions) -> str | None:
    """Find files whose cost is out of proportion to the size of their picture."""
    if image.format in {"JPEG", "MPO"} and content.count(_JPEG_START_OF_SCAN) > _MAX_JPEG_SCANS:
        return f"a JPEG of more than {_MAX_JPEG_SCANS} scans"
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        width, height = (image.tag_v2.get(tag) for tag in _TIFF_TILE_TAGS)
        # Whole tiles are decoded, however small the picture that they cover.
        if isinstance(width, int) and isinstance(height, int) and width * height > options.max_pixels:
            return f"a TIFF tile of {height} x {width} pixels exceeds the limit of {options.max_pixels}"
    return None
