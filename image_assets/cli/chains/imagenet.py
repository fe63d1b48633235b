"""The chain of ImageNet classes, as the command line sees it; `status` and `show` of the fruits chain tell of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from image_assets.cli.chains.chain import Chain, Rows
from image_assets.cli.console import number, table
from image_assets.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table


def _decoded_classes(settings: Settings) -> list[str]:
    from image_assets.errors import WarehouseError
    from image_assets.warehouse.warehouse import Warehouse

    frames = Warehouse.at(settings.warehouse).table("decoded_frames")
    found = sorted(frames.counts())
    if not found:
        raise WarehouseError(f"{frames.root.uri} holds no frames yet: run image-assets run first")
    return found


def _imagenet_results(settings: Settings, classes: Sequence[str]) -> Rows:
    from image_assets.fruits.summary import most_frequent_label
    from image_assets.warehouse.warehouse import Warehouse

    predictions = Warehouse.at(settings.warehouse).table("imagenet_predictions")
    counts = predictions.counts(classes)
    rows = []
    for name in classes:
        label, pictures = most_frequent_label(predictions, name)
        rows.append({"fruit_class": name, "images": counts[name].rows, "label": label, "with_label": pictures})
    return rows


def _draw_imagenet(settings: Settings, rows: Rows) -> "Table":  # noqa: ARG001
    cells = [(row["fruit_class"], f"{row['images']:,}", row["label"] or "-", number(row["with_label"])) for row in rows]
    return table("Result", ("class", "images>", "most frequent label", "pictures>"), cells)


IMAGENET = Chain(
    name="imagenet",
    job="imagenet",
    describe="ImageNet classes of the decoded frames, and the frames with the best one drawn on them",
    available=_decoded_classes,
    place=lambda settings: f"the table decoded_frames at {settings.warehouse}",
    partitions="fruit_class",
    kept=lambda _: set(),
    results=_imagenet_results,
    draw=_draw_imagenet,
    next_step="Look at a class: image-assets show CLASS --table labelled_pictures",
)
