import numpy as np
import pytest
from PIL import Image

from image_assets.vision.contact_sheet import contact_sheet, draw_label

COLOURS = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0), (0, 200, 200)]
FRAMES = [np.full((20, 20, 3), colour, np.uint8) for colour in COLOURS]


def has_colour(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], colour: tuple[int, int, int]) -> bool:
    return bool((pixels == colour).all(axis=-1).any())


def test_frames_stand_in_reading_order_each_within_its_tile() -> None:
    sheet = np.asarray(contact_sheet(FRAMES, ["a", "b", "c", "d", "e"], columns=3, tile_size=50))
    pitch, margin = 50 + 8, 8
    row_height = (sheet.shape[0] - margin) // 2
    assert sheet.shape[1] == margin + 3 * pitch
    for index, colour in enumerate(COLOURS):
        row, column = divmod(index, 3)
        top, left = margin + row * row_height, margin + column * pitch
        assert (sheet[top : top + 50, left : left + 50] == colour).all()
        assert (sheet == colour).all(axis=-1).sum() == 50 * 50


def test_captions_are_written_below_their_frames_and_never_into_the_next_tile() -> None:
    captions = ["", "x" * 200, ""]
    sheet = np.asarray(contact_sheet(FRAMES[:3], captions, columns=3, tile_size=50).convert("L")).astype(int)
    below = sheet[8 + 50 + 2 :]
    inked = np.flatnonzero((below < 160).any(axis=0))
    assert inked.size > 20
    assert inked.min() >= 8 + 58
    assert inked.max() < 8 + 58 + 50


def test_frames_of_other_shapes_keep_their_aspect_ratio() -> None:
    wide = np.full((10, 40, 3), (9, 90, 9), np.uint8)
    sheet = np.asarray(contact_sheet([wide], ["wide"], tile_size=60))
    rows, columns = np.nonzero((sheet == (9, 90, 9)).all(axis=-1))
    assert [int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1] == [15, 60]


def test_title_adds_a_line_above_the_frames() -> None:
    plain = contact_sheet(FRAMES, list("abcde"))
    titled = contact_sheet(FRAMES, list("abcde"), title="decoded_frames")
    assert titled.width == plain.width
    assert titled.height > plain.height
    assert not has_colour(np.asarray(titled)[: titled.height - plain.height], COLOURS[0])


def test_sheet_without_frames_is_an_empty_page() -> None:
    sheet = np.asarray(contact_sheet([], []))
    assert (sheet == sheet[0, 0]).all()


@pytest.mark.parametrize(("captions", "columns"), [(["a"], 3), (["a"] * 5, 0)])
def test_numbers_that_do_not_fit_are_refused(captions: list[str], columns: int) -> None:
    with pytest.raises(ValueError, match="5 frames"):
        contact_sheet(FRAMES, captions, columns=columns)


@pytest.mark.parametrize("background", ["white", "black", (255, 0, 0)])
def test_label_contrasts_with_any_picture(background: str | tuple[int, int, int]) -> None:
    image = Image.new("RGB", (224, 224), background)
    labelled = np.asarray(draw_label(image, "orange 99.4 %").convert("L")).astype(int)
    box = labelled[6:24, 6:100]
    assert box.max() > 230
    assert np.median(box) < 80
    assert np.array_equal(labelled[60:], np.asarray(image.convert("L"))[60:])


@pytest.mark.parametrize("size", [(1, 1), (30, 200), (100, 100), (640, 480), (3000, 7)])
@pytest.mark.parametrize("text", ["", "kiwi", "a name that is far too long for any picture of this width " * 3])
def test_label_keeps_the_size_of_the_picture(size: tuple[int, int], text: str) -> None:
    labelled = draw_label(Image.new("L", size, 200), text)
    assert labelled.size == size
    assert labelled.mode == "RGB"


def test_label_leaves_the_picture_that_it_was_given_unchanged() -> None:
    image = Image.new("RGB", (100, 100), "white")
    draw_label(image, "pear")
    assert image.getextrema() == ((255, 255),) * 3
