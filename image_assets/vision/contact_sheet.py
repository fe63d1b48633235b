"""Pictures for people: contact sheets of frames, and labels drawn on pictures.

The font is the one that Pillow brings along, so that a sheet looks the same on every machine.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

_BACKGROUND = (246, 245, 242)
_INK = (38, 38, 38)
_FRAME_EDGE = (214, 212, 206)
_LABEL_BOX = (0, 0, 0, 192)
_LABEL_INK = (255, 255, 255, 255)
_SMALLEST_LABEL_FONT = 9
_ELLIPSIS = "\u2026"

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def contact_sheet(
    frames: Sequence[npt.NDArray[np.uint8]],
    captions: Sequence[str],
    columns: int = 6,
    tile_size: int = 128,
    title: str | None = None,
) -> Image.Image:
    """Arrange frames in rows, each with its caption below.

    Args:
        frames: Arrays [height, width, 3] of uint8, RGB; each is fitted into its tile, its shape kept.
        captions: One line per frame; what does not fit the tile ends in an ellipsis.
        columns: Frames per row; fewer frames make a narrower sheet.
        tile_size: Height and width of a tile in pixels.
        title: Line above all frames.

    Returns:
        An RGB image; without frames it holds the margin and the title alone.

    Raises:
        ValueError: The numbers of frames and captions differ, or there is no column.
    """
    if len(frames) != len(captions) or columns < 1:
        raise ValueError(f"{len(frames)} frames, {len(captions)} captions and {columns} columns make no sheet.")
    margin = max(8, tile_size // 10)
    caption_font, title_font = _font(max(11, tile_size // 10)), _font(max(15, tile_size // 7))
    row_height = tile_size + _line_height(caption_font) + margin
    top = margin + (_line_height(title_font) + margin // 2 if title else 0)
    used_columns = max(1, min(columns, len(frames)))
    rows = -(-len(frames) // columns)
    width = margin + used_columns * (tile_size + margin)
    sheet = Image.new("RGB", (width, top + rows * row_height), _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    if title:
        draw.text((margin, margin), _shortened(title, title_font, width - 2 * margin), _INK, title_font)
    for index, (frame, caption) in enumerate(zip(frames, captions, strict=True)):
        row, column = divmod(index, columns)
        x, y = margin + column * (tile_size + margin), top + row * row_height
        _paste_centred(sheet, Image.fromarray(np.ascontiguousarray(frame)), (x, y), tile_size)
        line = _shortened(caption, caption_font, tile_size)
        draw.text((x + tile_size / 2, y + tile_size + 3), line, _INK, caption_font, anchor="ma")
    return sheet


def side_by_side(pictures: Sequence[Image.Image], gap: int = 16) -> Image.Image:
    """Return pictures of any size beside each other, none of them scaled; one alone as it is."""
    if len(pictures) == 1:
        return pictures[0].convert("RGB")
    width = sum(picture.width + gap for picture in pictures) + gap
    sheet = Image.new("RGB", (width, max(picture.height for picture in pictures) + 2 * gap), _BACKGROUND)
    x = gap
    for picture in pictures:
        sheet.paste(picture.convert("RGB"), (x, gap))
        x += picture.width + gap
    return sheet


def draw_label(image: Image.Image, text: str) -> Image.Image:
    """Return an RGB copy of a picture with one line of text at its top left, white on a dark box.

    The font grows with the picture and shrinks until the text fits; a text that does not fit at the smallest
    size ends in an ellipsis.
    """
    width, height = image.size
    size = max(_SMALLEST_LABEL_FONT, min(width, height) // 13)
    padding = max(2, size // 3)
    room = width - 4 * padding
    overflow = _font(size).getlength(text) / max(room, 1)
    font = _font(max(_SMALLEST_LABEL_FONT, int(size / max(overflow, 1.0))))
    line = _shortened(text, font, room)
    labelled = image.convert("RGB")
    draw = ImageDraw.Draw(labelled, "RGBA")
    box = (padding, padding, 3 * padding + font.getlength(line), 2 * padding + _line_height(font))
    draw.rounded_rectangle(box, radius=padding, fill=_LABEL_BOX)
    draw.text((2 * padding, (box[1] + box[3]) / 2), line, _LABEL_INK, font, anchor="lm")
    return labelled


@lru_cache(maxsize=64)
def _font(size: int) -> _Font:
    return ImageFont.load_default(size)


def _line_height(font: _Font) -> int:
    _, top, _, bottom = font.getbbox("Ág")
    return int(bottom - min(top, 0)) + 2


def _shortened(text: str, font: _Font, room: float) -> str:
    line = " ".join(text.split())
    if font.getlength(line) <= room:
        return line
    while line and font.getlength(line + _ELLIPSIS) > room:
        line = line[:-1]
    return line.rstrip() + _ELLIPSIS


def _paste_centred(sheet: Image.Image, picture: Image.Image, corner: tuple[int, int], tile_size: int) -> None:
    scale = tile_size / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    x, y = corner[0] + (tile_size - width) // 2, corner[1] + (tile_size - height) // 2
    sheet.paste(picture.resize((width, height), Image.Resampling.LANCZOS), (x, y))
    ImageDraw.Draw(sheet).rectangle((x - 1, y - 1, x + width, y + height), outline=_FRAME_EDGE)
