"""Every mode of picture becomes RGB of the right colours."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from image_assets.vision.decode import DecodeOptions, decode_frame
from image_assets.vision.limits import PictureHeader
from image_assets.vision.pixels import AlphaTreatment, opaque, square_frame
from image_assets_tests.vision.pictures import colourful, encoded, expected_frame, greatest_difference

SMALL = DecodeOptions(frame_size=32)


def uniform(mode: str, colour: object) -> Image.Image:
    return Image.new(mode, (6, 4), colour)  # type: ignore[arg-type]


def rgb_of(image: Image.Image, alpha: AlphaTreatment = "white") -> tuple[int, ...]:
    frame = square_frame(image, 8, alpha)
    assert frame.shape == (8, 8, 3)
    assert (frame == frame[0, 0]).all()
    return tuple(frame[0, 0].tolist())


@pytest.mark.parametrize(
    ("mode", "colour", "rgb"),
    [
        ("1", 1, (255, 255, 255)),
        ("1", 0, (0, 0, 0)),
        ("L", 77, (77, 77, 77)),
        ("P", 0, (0, 0, 0)),
        ("RGB", (200, 30, 60), (200, 30, 60)),
        ("RGBX", (200, 30, 60, 9), (200, 30, 60)),
        ("CMYK", (0, 255, 255, 0), (255, 0, 0)),
        ("CMYK", (0, 0, 0, 155), (100, 100, 100)),
        ("YCbCr", (76, 85, 255), (254, 0, 0)),
        ("HSV", (85, 255, 255), (0, 255, 0)),
    ],
)
def test_opaque_modes_keep_their_colour(mode: str, colour: object, rgb: tuple[int, ...]) -> None:
    for alpha in ("white", "drop"):
        assert rgb_of(uniform(mode, colour), alpha) == pytest.approx(rgb, abs=2)


def test_lab_is_converted_by_its_colour_space() -> None:
    assert rgb_of(uniform("LAB", (113, 192, 158))) == pytest.approx((200, 30, 60), abs=3)


@pytest.mark.parametrize(
    ("mode", "colour", "on_white", "dropped"),
    [
        ("LA", (100, 0), (255, 255, 255), (100, 100, 100)),
        ("LA", (100, 255), (100, 100, 100), (100, 100, 100)),
        ("La", (50, 128), (177, 177, 177), (100, 100, 100)),
        ("RGBA", (200, 30, 60, 0), (255, 255, 255), (200, 30, 60)),
        ("RGBA", (200, 30, 60, 51), (244, 210, 216), (200, 30, 60)),
        ("RGBa", (100, 15, 30, 128), (227, 142, 157), (199, 30, 60)),
        ("PA", (0, 0), (255, 255, 255), (0, 0, 0)),
    ],
)
def test_transparency_goes_onto_white_or_is_dropped(
    mode: str, colour: object, on_white: tuple[int, ...], dropped: tuple[int, ...]
) -> None:
    assert rgb_of(uniform(mode, colour), "white") == pytest.approx(on_white, abs=1)
    assert rgb_of(uniform(mode, colour), "drop") == pytest.approx(dropped, abs=1)


@pytest.mark.parametrize(
    ("mode", "colour", "key"), [("1", 0, 0), ("L", 9, 9), ("RGB", (9, 8, 7), (9, 8, 7)), ("P", 1, 1)]
)
def test_colour_key_of_a_png_is_transparency(mode: str, colour: object, key: object) -> None:
    image = uniform(mode, colour)
    if mode == "P":
        image.putpalette([0, 0, 0, 10, 20, 30])
    content = encoded(image, "PNG", transparency=key)
    bare = np.asarray(image.convert("RGB"))[0, 0]
    assert (decode_frame(content, SMALL).frame == 255).all()
    assert (decode_frame(content, DecodeOptions(frame_size=8, alpha="drop")).frame == bare).all()


def test_palette_with_an_alpha_per_entry_is_blended() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    content = encoded(image, "PNG", transparency=bytes([0, 51]))
    assert decode_frame(content, SMALL).frame[3, 3].tolist() == pytest.approx([206, 208, 210], abs=1)
    dropped = decode_frame(content, DecodeOptions(frame_size=8, alpha="drop"))
    assert dropped.frame[3, 3].tolist() == [10, 20, 30]


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_not_clipped(file_format: str) -> None:
    values = np.repeat(np.arange(256, dtype=np.uint16)[None] * 257, 256, axis=0)
    decoded = decode_frame(encoded(Image.fromarray(values), file_format), DecodeOptions(frame_size=256))
    assert decoded.mode == "I;16"
    assert (decoded.frame[7] == np.arange(256)[:, None]).all()


def test_big_endian_sixteen_bit_grey_is_scaled() -> None:
    image = Image.new("I;16B", (4, 4), 0x8080)
    assert rgb_of(image) == (128, 128, 128)


def test_colour_key_of_sixteen_bit_grey_is_transparency() -> None:
    values = np.full((4, 4), 1000, np.uint16)
    content = encoded(Image.fromarray(values), "PNG", transparency=1000)
    assert (decode_frame(content, SMALL).frame == 255).all()
    assert decode_frame(content, SMALL).n_channels == 2


@pytest.mark.parametrize(
    ("mode", "values", "grey"),
    [
        ("I", [0, 100, 255], [0, 100, 255]),
        ("I", [0, 257, 65535], [0, 1, 255]),
        ("I", [-100, 0, 155], [0, 100, 255]),
        ("I", [0, 1_000_000, 2_000_000], [0, 128, 255]),
        ("I", [-7, -7, -7], [0, 0, 0]),
        ("F", [0.0, 0.2, 1.0], [0, 51, 255]),
        ("F", [0.0, 51.0, 255.0], [0, 51, 255]),
        ("F", [0.0, 257.0, 65535.0], [0, 1, 255]),
        ("F", [-1.0, 0.0, 1.0], [0, 128, 255]),
        ("F", [np.nan, -np.inf, 0.2], [0, 0, 51]),
        ("F", [np.nan, np.nan, np.inf], [0, 0, 0]),
        ("F", [-3e38, 0.0, 3e38], [0, 128, 255]),
    ],
)
def test_wide_samples_are_scaled_by_the_range_that_holds_them(mode: str, values: list[float], grey: list[int]) -> None:
    image = Image.fromarray(np.array([values], np.int32 if mode == "I" else np.float32))
    assert image.mode == mode
    assert np.asarray(opaque(image, "white"))[0].tolist() == grey


@pytest.mark.parametrize(
    ("name", "content", "header"),
    [
        ("grey jpeg", encoded(colourful().convert("L"), "JPEG"), PictureHeader(40, 60, 1, "L")),
        ("jpeg", encoded(colourful(), "JPEG"), PictureHeader(40, 60, 3, "RGB")),
        ("progressive", encoded(colourful(), "JPEG", progressive=True), PictureHeader(40, 60, 3, "RGB")),
        ("png", encoded(colourful(), "PNG"), PictureHeader(40, 60, 3, "RGB")),
        ("bmp", encoded(colourful(), "BMP"), PictureHeader(40, 60, 3, "RGB")),
        ("webp", encoded(colourful(), "WEBP", lossless=True), PictureHeader(40, 60, 3, "RGB")),
        ("tiff", encoded(colourful(), "TIFF", compression="tiff_lzw"), PictureHeader(40, 60, 3, "RGB")),
        ("palette png", encoded(colourful().quantize(), "PNG"), PictureHeader(40, 60, 3, "P")),
        ("gif", encoded(colourful().quantize(), "GIF"), PictureHeader(40, 60, 3, "P")),
        ("1-bit tiff", encoded(colourful().convert("1"), "TIFF"), PictureHeader(40, 60, 1, "1")),
        ("la png", encoded(colourful().convert("LA"), "PNG"), PictureHeader(40, 60, 2, "LA")),
        ("rgba png", encoded(colourful().convert("RGBA"), "PNG"), PictureHeader(40, 60, 4, "RGBA")),
        ("cmyk jpeg", encoded(colourful().convert("CMYK"), "JPEG"), PictureHeader(40, 60, 4, "CMYK")),
    ],
)
def test_frame_equals_convert_and_bicubic_resize(name: str, content: bytes, header: PictureHeader) -> None:
    decoded = decode_frame(content, SMALL)
    assert PictureHeader(decoded.height, decoded.width, decoded.n_channels, decoded.mode) == header
    assert decoded.frame.dtype == np.uint8
    with Image.open(io.BytesIO(content)) as image:
        assert np.array_equal(decoded.frame, expected_frame(image, 32))


def test_inverted_adobe_cmyk_jpeg_shows_its_colours() -> None:
    content = encoded(colourful().convert("CMYK"), "JPEG", quality=98)
    assert b"Adobe" in content
    frame = decode_frame(content, SMALL).frame
    assert greatest_difference(frame, expected_frame(colourful(), 32)) <= 24
    assert np.abs(frame.astype(int) - expected_frame(colourful(), 32)).mean() < 4


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_turns_the_picture_upright(file_format: str, orientation: int) -> None:
    turn_back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = colourful()
    stored = upright.transpose(turn_back[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[274] = orientation
    settings: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 100, "subsampling": 0},
        "WEBP": {"lossless": True},
    }
    options = settings.get(file_format, {})
    decoded = decode_frame(encoded(stored, file_format, exif=exif, **options), SMALL)
    assert (decoded.width, decoded.height) == stored.size
    tolerance = 4 if file_format == "JPEG" else 1
    assert greatest_difference(decoded.frame, expected_frame(upright, 32)) <= tolerance


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0no TIFF header",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12cut off",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x02a\0\0\0\0\0\0\0",
    ],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_cost_the_picture(file_format: str, exif: bytes) -> None:
    damaged = decode_frame(encoded(colourful(), file_format, exif=exif), SMALL)
    assert np.array_equal(damaged.frame, decode_frame(encoded(colourful(), file_format), SMALL).frame)


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "TIFF", "PNG"])
def test_first_frame_of_many_is_taken(file_format: str) -> None:
    first = colourful().quantize(64) if file_format == "GIF" else colourful()
    others = [Image.new("RGB", first.size, (k % 256, 9, 9)) for k in range(30)]
    options = {"lossless": True} if file_format == "WEBP" else {}
    content = encoded(first, file_format, save_all=True, append_images=others, **options)
    assert np.array_equal(decode_frame(content, SMALL).frame, expected_frame(first, 32))


@pytest.mark.parametrize("size", [(30_000, 1), (1, 30_000), (1, 1), (2, 3)])
def test_extreme_aspect_ratios_are_decoded(size: tuple[int, int]) -> None:
    decoded = decode_frame(encoded(Image.new("RGB", size, (10, 200, 30)), "PNG"))
    assert (decoded.width, decoded.height) == size
    assert decoded.frame.shape == (224, 224, 3)
    assert (decoded.frame == (10, 200, 30)).all()
