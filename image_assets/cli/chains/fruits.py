"""The chain of labelled pictures, as the command line sees it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from image_assets.chain_tables import FRUITS_TABLES
from image_assets.cli.chains.chain import Chain, Inspection, Rows, Shown
from image_assets.cli.console import counted, number, share, table
from image_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.table import Table

    from image_assets.warehouse.following import PartitionStatus


def _source_classes(settings: Settings) -> list[str]:
    from image_assets.vision.sources import folders_of_classes, open_source

    return list(folders_of_classes(open_source(settings.source)))


def _fitted(settings: Settings) -> set[str]:
    """Return projection and classifier if the warehouse has them: the features of other classes belong to them."""
    from image_assets.fruits.classifier import KIND, NAME
    from image_assets.fruits.projection import NAME as PROJECTION
    from image_assets.warehouse.warehouse import Warehouse

    fitted = Warehouse.at(settings.warehouse).artifacts.resolve(KIND, NAME) is not None
    return {PROJECTION, NAME} if fitted else set()


def _fruit_results(settings: Settings, classes: Sequence[str]) -> Rows:
    from dataclasses import asdict

    from image_assets.fruits.summary import class_results
    from image_assets.warehouse.warehouse import Warehouse

    return [asdict(result) for result in class_results(Warehouse.at(settings.warehouse), classes, settings.target)]


def _draw_fruits(settings: Settings, rows: Rows) -> "Table":
    from image_assets.fruits.summary import overall_accuracy
    from image_assets.warehouse.warehouse import Warehouse

    support, accuracy = overall_accuracy(Warehouse.at(settings.warehouse), settings.target)
    images, failures = sum(row["images"] for row in rows), sum(row["failures"] for row in rows)
    return table(
        "Result",
        ("class", "images>", "failures>", "test images>", "test accuracy>"),
        [
            (
                row["fruit_class"],
                f"{row['images']:,}",
                number(row["failures"]),
                number(row["test_images"]),
                share(row["test_accuracy"]),
            )
            for row in rows
        ],
        ("all", f"{images:,}", f"{failures:,}", f"{support:,}", share(accuracy)),
    )


def _report(settings: Settings) -> str:
    from image_assets.report.place import report_address
    from image_assets.warehouse.location import Location

    return report_address(Location.of(settings.warehouse))


def _known(settings: Settings, compare: bool) -> set[str]:
    from image_assets.vision.sources import open_source
    from image_assets.warehouse.warehouse import Warehouse

    stored = Warehouse.at(settings.warehouse).table("raw_images").counts()
    return {*stored, *(open_source(settings.source).class_folders() if compare else ())}


def _statuses(settings: Settings, classes: Sequence[str], compare: bool) -> "Iterator[PartitionStatus]":
    import json
    from dataclasses import asdict

    from image_assets.fruits.listing import compare_listing
    from image_assets.fruits.status import Expected, class_statuses
    from image_assets.resources.settings import resources_of
    from image_assets.vision.backbones.export import features_prefix
    from image_assets.vision.backbones.registry import get_backbone
    from image_assets.vision.sources import open_source
    from image_assets.warehouse.warehouse import Warehouse

    warehouse = Warehouse.at(settings.warehouse)
    changes = None
    if compare:
        changes = compare_listing(open_source(settings.source), warehouse.table("raw_images"), classes)
    frames = json.loads(json.dumps(asdict(resources_of(settings)["frames"].options)))
    features = features_prefix(get_backbone(settings.backbone), settings.feature_form, settings.engine_precision)
    expected = Expected.of(warehouse, features, frames)
    return (item for item in class_statuses(warehouse, expected, changes) if item.partition in classes)


def _failures(settings: Settings, classes: Sequence[str] | None) -> "Iterator[pa.RecordBatch]":
    from image_assets.fruits.failures import class_failures
    from image_assets.warehouse.warehouse import Warehouse

    return class_failures(Warehouse.at(settings.warehouse), classes)


def _show(settings: Settings, fruit_class: str, table_name: str | None, count: int) -> Shown:
    from image_assets.errors import WarehouseError
    from image_assets.fruits.sheets import class_pictures
    from image_assets.warehouse.warehouse import Warehouse

    pictures = Warehouse.at(settings.warehouse).table(table_name or SHOWN[0])
    rows = pictures.counts([fruit_class])[fruit_class].rows
    if not rows:
        command = f"image-assets run{' --chain imagenet' if pictures.name == 'labelled_pictures' else ''}"
        raise WarehouseError(
            f"{pictures.name} at {pictures.root.uri} holds nothing of {fruit_class}: run {command} first"
        )
    sheet, shown = class_pictures(pictures, fruit_class, count)
    return Shown(sheet, f"{shown:,} of {counted(rows, 'picture')} of {fruit_class}")


SHOWN = ("decoded_frames", "labelled_pictures")
FRUITS = Chain(
    name="fruits",
    job="fruits",
    describe="labelled pictures: frames, features, projection, classifier, predictions, evaluation",
    available=_source_classes,
    place=lambda settings: f"the source {settings.source}",
    partitions="fruit_class",
    kept=_fitted,
    results=_fruit_results,
    draw=_draw_fruits,
    report=_report,
    inspection=Inspection(
        rows="pictures",
        tables=FRUITS_TABLES,
        known=_known,
        statuses=_statuses,
        failures=_failures,
        shown=SHOWN,
        draw=_show,
    ),
)
