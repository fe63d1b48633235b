"""The chains that `image-assets run` knows: add one here.

A chain is a Dagster job over the partitions of one set, and what a person wants to see when it has ended.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_assets.cli.console import number, share, table
from image_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from rich.table import Table

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Chain:
    """What `image-assets run --chain NAME` does.

    Attributes:
        name: of the chain.
        job: the Dagster job.
        describe: one line for the help.
        available: the partitions that can be run, from the source or from the tables before.
        place: what holds them, for messages.
        nouns: what one partition and several are called.
        partitions: name of the set of partitions.
        kept: assets that stay as they are when only some partitions are named.
        results: what the tables hold of each partition after the run, for `--json` and for `draw`.
        draw: the results as a table.
        next_step: what to say at the end; <warehouse> stands for its address.
        with_all: whether a run of everything goes on with this chain.
        report: address of a page that shows the results, if the chain makes one.
    """

    name: str
    job: str
    describe: str
    available: Callable[[Settings], list[str]]
    place: Callable[[Settings], str]
    partitions: str
    kept: Callable[[Settings], set[str]]
    results: Callable[[Settings, Sequence[str]], Rows]
    draw: "Callable[[Settings, Rows], Table]"
    nouns: tuple[str, str] = ("class", "classes")
    next_step: str = "Look at it: make dev, then open the address that it prints."
    with_all: Callable[[Settings], bool] = lambda _: False
    report: Callable[[Settings], str | None] = lambda _: None

    def register(self, instance: "DagsterInstance", keys: list[str]) -> list[str]:
        """Add partitions to the instance where they are new, and return these."""
        from image_assets.automation.partitions import register_classes

        return register_classes(instance, keys, self.partitions)

    def tags(self, instance: "DagsterInstance", keys: Sequence[str]) -> dict[str, str]:
        """Return the tags of a run for exactly these partitions."""
        from image_assets.automation.partitions import range_tags

        return range_tags(instance, keys, self.partitions)


def _source_classes(settings: Settings) -> list[str]:
    from image_assets.errors import SourceError
    from image_assets.vision.sources import open_source

    source = open_source(settings.source)
    found = list(source.class_folders())
    if not found:
        raise SourceError(
            f"the source {source.address} holds no folder with pictures: set IMAGE_ASSETS_SOURCE to a folder that "
            "holds a folder of pictures per class"
        )
    return found


def _decoded_classes(settings: Settings) -> list[str]:
    from image_assets.errors import WarehouseError
    from image_assets.warehouse.warehouse import Warehouse

    frames = Warehouse.at(settings.warehouse).table("decoded_frames")
    found = sorted(frames.counts())
    if not found:
        raise WarehouseError(f"{frames.root.uri} holds no frames yet: run image-assets run first")
    return found


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


def _recordings(settings: Settings) -> list[str]:
    from pathlib import Path

    from image_assets.recordings.listing import find_recordings

    return list(find_recordings(Path(settings.recordings)))


def _has_recordings(settings: Settings) -> bool:
    from pathlib import Path

    return _is_asked_for(settings, "recordings") and Path(settings.recordings).is_dir()


def _is_asked_for(settings: Settings, name: str) -> bool:
    """Whether a setting was made; the samples behind the defaults belong to the sample pictures."""
    return name in settings.model_fields_set or "source" not in settings.model_fields_set


def _recording_results(settings: Settings, recordings: Sequence[str]) -> Rows:
    from dataclasses import asdict

    from image_assets.recordings.summary import recording_results
    from image_assets.warehouse.warehouse import Warehouse

    return [asdict(result) for result in recording_results(Warehouse.at(settings.warehouse), recordings)]


def _draw_recordings(settings: Settings, rows: Rows) -> "Table":  # noqa: ARG001
    cells = [
        (
            row["recording"],
            f"{row['frames']:,}",
            number(row["failures"]),
            f"{row['dtype']} {' x '.join(map(str, row['shape']))}",
            f"{row['selected']:,}",
            " ".join(f"{size:,}" for size in row["cluster_sizes"]),
        )
        for row in rows
    ]
    return table("Result", ("recording", "frames>", "failures>", "volume", "clustered voxels>", "clusters"), cells)


def _scene_names(settings: Settings) -> list[str]:
    from image_assets.errors import SourceError
    from image_assets.scenes.catalogue import NO_SCENES, SceneCatalogue

    known, reasons = SceneCatalogue(settings.scenes).describe_all()
    if not known:
        found = "; ".join(reasons.values()) or "it is empty"
        raise SourceError(f"{settings.scenes} holds no scene that can be opened ({found}): {NO_SCENES}")
    return list(known)


def _has_scenes(settings: Settings) -> bool:
    from image_assets.scenes.catalogue import SceneCatalogue

    return _is_asked_for(settings, "scenes") and bool(SceneCatalogue(settings.scenes).describe_all()[0])


def _scene_results(settings: Settings, scenes: Sequence[str]) -> Rows:
    from image_assets.scenes.tile_tables import stored_scene
    from image_assets.warehouse.warehouse import Warehouse

    warehouse = Warehouse.at(settings.warehouse)
    rows = []
    for scene in scenes:
        grid = stored_scene(warehouse.table("reconstructed_tiles"), scene).grid
        (found,) = warehouse.table("reconstructed_scene").read(["reconstruction", "path"], [scene]).to_pylist()
        rows.append({"scene": scene, "width": grid.width, "height": grid.height, "tiles": len(grid), **found})
    return rows


def _draw_scenes(settings: Settings, rows: Rows) -> "Table":  # noqa: ARG001
    return table(
        "Result",
        ("scene", "pixels>", "tiles>", "reconstruction", "file"),
        [
            (
                row["scene"],
                f"{row['width']:,} x {row['height']:,}",
                f"{row['tiles']:,}",
                row["reconstruction"],
                row["path"],
            )
            for row in rows
        ],
    )


CHAINS = {
    chain.name: chain
    for chain in (
        Chain(
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
        ),
        Chain(
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
        ),
        Chain(
            name="recordings",
            job="recordings",
            describe="image sequences over time: frames, pixel series, features, clusters, maps",
            available=_recordings,
            place=lambda settings: f"the source {settings.recordings}",
            partitions="recording",
            kept=lambda _: set(),
            results=_recording_results,
            draw=_draw_recordings,
            next_step="Look at the maps: <warehouse>/_pictures, or make dev.",
            nouns=("recording", "recordings"),
            with_all=_has_recordings,
        ),
        Chain(
            name="scenes",
            job="scenes",
            describe="very large pictures, tile by tile: reconstruction, statistics, previews, one file",
            available=_scene_names,
            place=lambda settings: f"the source of scenes {settings.scenes}",
            partitions="scene",
            kept=lambda _: set(),
            results=_scene_results,
            draw=_draw_scenes,
            nouns=("scene", "scenes"),
            with_all=_has_scenes,
        ),
    )
}
