"""Limits, filters and the Arrow batch."""

import itertools
import pickle
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from image_assets.contracts import DECODED_FRAMES, KEY_COLUMNS, RAW_IMAGES
from image_assets.errors import SettingsError
from image_assets.vision.decode import DecodeError, DecodeOptions, ImageFilter, decode_batch, decode_frame
from image_assets.vision.limits import LARGEST_MAX_PIXELS, PictureHeader
from image_assets_tests.shared import shared_path
from image_assets_tests.vision.pictures import colourful, encoded, expected_frame

SMALL = DecodeOptions(frame_size=16)
JPEG = encoded(colourful(), "JPEG")
HEADER = PictureHeader(40, 60, 3, "RGB")


def raw_row(path: str, content: bytes | None, read_error: str | None = None) -> dict[str, Any]:
    return {
        "path": path,
        "fruit_class": "Cherry_1",
        "label": "Cherry",
        "split": "training",
        "content_sha256": None if content is None else f"{len(content):064x}",
        "modification_time": datetime(2026, 1, 2, tzinfo=UTC),
        "length": len(content or b""),
        "content": content,
        "read_error": read_error,
    }


def raw_batch(*rows: dict[str, Any]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows), schema=RAW_IMAGES)


def failure_of(content: bytes, options: DecodeOptions = SMALL) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode_frame(content, options)
    return caught.value


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"frame_size": 0}, "from 1 to 4096"),
        ({"alpha": "black"}, "'white' or 'drop'"),
        ({"max_pixels": 0}, "from 1 to 178956970"),
        ({"max_pixels": LARGEST_MAX_PIXELS + 1}, "chain `scenes`"),
    ],
)
def test_options_that_cannot_work_are_refused(settings: dict[str, Any], remedy: str) -> None:
    with pytest.raises(SettingsError, match=remedy):
        DecodeOptions(**settings)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"these are not the pixels you are looking for", "not a readable JPEG, PNG, BMP, WebP, TIFF or GIF picture"),
        (encoded(colourful(), "PPM"), "not a readable JPEG, PNG, BMP, WebP, TIFF or GIF picture"),
        (encoded(colourful(), "ICO"), "not a readable JPEG, PNG, BMP, WebP, TIFF or GIF picture"),
    ],
)
def test_content_that_is_no_accepted_picture_says_so(content: bytes, reason: str) -> None:
    error = failure_of(content)
    assert str(error) == reason
    assert error.header is None


def test_truncated_jpeg_fails_with_the_header_that_could_be_read() -> None:
    error = failure_of(JPEG[:-50])
    assert "truncated" in str(error)
    assert error.header == HEADER


def test_failure_survives_pickling_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(DecodeError("no reason", HEADER)))  # noqa: S301
    assert (str(error), error.header) == ("no reason", HEADER)


def test_pixel_limit_counts_the_pixels_and_admits_the_limit_itself() -> None:
    assert decode_frame(JPEG, DecodeOptions(frame_size=16, max_pixels=2400)).frame.shape == (16, 16, 3)
    error = failure_of(JPEG, DecodeOptions(frame_size=16, max_pixels=2399))
    assert str(error) == "40 x 60 pixels exceed the limit of 2399 (max_pixels)"
    assert error.header == HEADER


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (ImageFilter(channels=(1, 4)), "excluded by the image filter: 3 channels, wanted 1 or 4"),
        (ImageFilter(max_height=39), "excluded by the image filter: height 40 is over 39"),
        (ImageFilter(max_width=59), "excluded by the image filter: width 60 is over 59"),
        (ImageFilter(max_pixel_count=2399), "excluded by the image filter: pixel count 2400 is over 2399"),
    ],
)
def test_unwanted_picture_is_a_failure_with_its_reason(wanted: ImageFilter, reason: str) -> None:
    error = failure_of(JPEG, DecodeOptions(frame_size=16, image_filter=wanted))
    assert str(error) == reason
    assert error.header == HEADER


def test_filter_admits_what_is_at_its_limits() -> None:
    wanted = ImageFilter(channels=(3, 4), max_height=40, max_width=60, max_pixel_count=2400)
    options = DecodeOptions(frame_size=16, image_filter=wanted)
    assert np.array_equal(decode_frame(JPEG, options).frame, decode_frame(JPEG, SMALL).frame)


def test_colour_filter_keeps_palettes_and_excludes_greys() -> None:
    options = DecodeOptions(frame_size=16, image_filter=ImageFilter(channels=(3, 4)))
    assert decode_frame(encoded(colourful().quantize(), "PNG"), options).n_channels == 3
    for grey in ("1", "L", "LA"):
        content = encoded(colourful().convert(grey), "PNG")
        assert "channels, wanted 3 or 4" in str(failure_of(content, options))


def test_batch_holds_frames_and_reasons_in_the_order_of_the_rows() -> None:
    png = encoded(colourful(20, 30), "PNG")
    batch = raw_batch(
        raw_row("a.jpg", b"text"),
        raw_row("b.jpg", JPEG),
        raw_row("c.jpg", None, "PermissionError: denied"),
        raw_row("d.jpg", JPEG[:-50]),
        raw_row("e.png", png),
    )
    decoded = decode_batch(batch, SMALL)
    decoded.validate(full=True)
    assert decoded.schema.equals(DECODED_FRAMES)
    assert decoded.select(KEY_COLUMNS).equals(batch.select(KEY_COLUMNS))
    assert decoded["height"].to_pylist() == [None, 40, None, 40, 20]
    assert decoded["width"].to_pylist() == [None, 60, None, 60, 30]
    assert decoded["n_channels"].to_pylist() == [None, 3, None, 3, 3]
    assert decoded["mode"].to_pylist() == [None, "RGB", None, "RGB", "RGB"]
    frames, reasons = decoded["frame"].to_pylist(), decoded["decode_error"].to_pylist()
    assert frames[1] == decode_frame(JPEG, SMALL).frame.tobytes()
    assert frames[4] == expected_frame(colourful(20, 30), 16).tobytes()
    assert [frame is None for frame in frames] == [reason is not None for reason in reasons]
    assert decoded["frame"].null_count == 3
    assert reasons[0] == "not a readable JPEG, PNG, BMP, WebP, TIFF or GIF picture"
    assert reasons[2] == "PermissionError: denied"
    assert "truncated" in reasons[3]


@pytest.mark.parametrize("rows", [[], [raw_row("a", b"")], [raw_row("a", b"")] * 9, [raw_row("a", JPEG)] * 9])
def test_batches_of_only_failures_only_frames_or_nothing_are_valid(rows: list[dict[str, Any]]) -> None:
    decoded = decode_batch(raw_batch(*rows), SMALL)
    decoded.validate(full=True)
    assert decoded.num_rows == len(rows)
    failed = sum(not row["content"] for row in rows)
    assert decoded["frame"].null_count == failed
    assert len(set(decoded["frame"].drop_null().to_pylist())) == (len(rows) > failed)


def test_every_pattern_of_failures_keeps_frames_on_their_rows() -> None:
    red, green = (encoded(Image.new("RGB", (4, 4), colour), "PNG") for colour in ("red", "lime"))
    options = DecodeOptions(frame_size=1)
    pixels = {red: b"\xff\0\0", green: b"\0\xff\0", b"": None}
    for contents in itertools.product(pixels, repeat=4):
        decoded = decode_batch(raw_batch(*(raw_row("x", content) for content in contents)), options)
        assert decoded["frame"].to_pylist() == [pixels[content] for content in contents]


def test_slice_of_a_batch_is_decoded_as_such() -> None:
    batch = raw_batch(raw_row("a", b""), raw_row("b", JPEG), raw_row("c", b"x")).slice(1, 1)
    assert decode_batch(batch, SMALL)["frame"].to_pylist() == [decode_frame(JPEG, SMALL).frame.tobytes()]


def test_batch_beyond_an_arrow_binary_column_names_the_rows_that_fit() -> None:
    batch = raw_batch(*[raw_row("a", b"")] * 50)
    with pytest.raises(SettingsError, match="at most 42 rows"):
        decode_batch(batch, DecodeOptions(frame_size=4096))


def test_real_photographs_become_the_frames_of_the_notebooks() -> None:
    folder = shared_path("data", "fruits-360", "Training", "Cherry 1")
    files = sorted(folder.glob("*.jpg"))[:20]
    batch = raw_batch(*(raw_row(file.name, file.read_bytes()) for file in files))
    decoded = decode_batch(batch)
    assert decoded["decode_error"].null_count == len(files) == 20
    for file, frame in zip(files, decoded["frame"], strict=True):
        with Image.open(file) as image:
            assert frame.as_py() == expected_frame(image, 224).tobytes()
