"""`image-assets run`: the whole chain in one Dagster run with one Spark session, with progress and a result."""

from typing import Annotated

import typer
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult, ResourceDefinition
from rich.console import Console
from rich.table import Table

from image_assets.automation.partitions import range_tags, register_classes
from image_assets.cli.app import app
from image_assets.cli.console import listening
from image_assets.errors import ImageAssetsError, SourceError
from image_assets.fruits.classifier import KIND as CLASSIFIER_KIND
from image_assets.fruits.classifier import NAME as CLASSIFIER_NAME
from image_assets.fruits.projection import NAME as PROJECTION_NAME
from image_assets.progress import Progress
from image_assets.settings import Settings, load_settings
from image_assets.spark.java import check_java
from image_assets.vision.labels import label_of
from image_assets.vision.sources import open_source
from image_assets.warehouse.warehouse import Warehouse


class RunError(ImageAssetsError):
    """A run did not succeed."""


@app.command()
def run(
    classes: Annotated[list[str] | None, typer.Argument(help="Classes to run; all of the source by default.")] = None,
) -> None:
    """Materialize the fruits chain, from the files to predictions and their evaluation.

    With some classes named, only these are computed: the projection and the classifier stay as they were fitted, since
    the features of the other classes belong to them. A first run fits them to what it has.
    """
    settings = load_settings()
    check_java()
    chosen = _choose_classes(settings, classes)
    console = Console()
    console.print(f"[bold]image_assets[/]: {len(chosen)} classes of {settings.source} into {settings.warehouse}")
    with DagsterInstance.get() as instance, listening(console) as progress:
        register_classes(instance, chosen)
        result = _execute(instance, settings, chosen, progress, refit=not classes or not _is_fitted(settings))
    if not result.success:
        raise RunError(_reason(result))
    console.print(_summary(settings, chosen))
    console.print(f"Tables: {Warehouse.at(settings.warehouse).root.uri}  Run: {result.run_id}")
    console.print("Look at it: make dev, then open the address that it prints.")


def _choose_classes(settings: Settings, wanted: list[str] | None) -> list[str]:
    source = open_source(settings.source)
    found = list(source.class_folders())
    if not found:
        raise SourceError(f"the source {source.address} holds no folder with pictures: set IMAGE_ASSETS_SOURCE")
    unknown = sorted(set(wanted or []) - set(found))
    if unknown:
        raise SourceError(f"the source {source.address} has no class {', '.join(unknown)}; it has {', '.join(found)}")
    return sorted(set(wanted)) if wanted else found


def _is_fitted(settings: Settings) -> bool:
    """Whether the warehouse has a classifier, and with it a projection."""
    return Warehouse.at(settings.warehouse).artifacts.resolve(CLASSIFIER_KIND, CLASSIFIER_NAME) is not None


def _execute(
    instance: DagsterInstance, settings: Settings, classes: list[str], progress: Progress, *, refit: bool
) -> ExecuteInProcessResult:
    from image_assets.definitions import build_definitions

    listener = ResourceDefinition.hardcoded_resource(progress)
    definitions = build_definitions(settings, {"progress": listener})
    job = definitions.resolve_job_def("fruits")
    kept = set() if refit else {AssetKey(PROJECTION_NAME), AssetKey(CLASSIFIER_NAME)}
    return job.execute_in_process(
        instance=instance,
        asset_selection=sorted(set(job.asset_layer.executable_asset_keys) - kept),
        tags=range_tags(instance, classes),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    )


def _reason(result: ExecuteInProcessResult) -> str:
    """Tell which step failed and why, without the traceback; Dagster's UI has it."""
    for event in result.all_events:
        if event.is_step_failure:
            failure = event.step_failure_data
            cause = failure.user_failure_data.description if failure.user_failure_data else None
            error = failure.error.cause or failure.error if failure.error else None
            text = cause or (error.message.strip() if error else "it failed")
            return f"{event.step_key}: {text}\nThe whole story: make dev, run {result.run_id}"
    return f"run {result.run_id} failed before its first step: make dev shows why"


def _summary(settings: Settings, classes: list[str]) -> Table:
    """Draw counts and accuracy of each class; with labels as the target, the accuracy is that of the label."""
    warehouse = Warehouse.at(settings.warehouse)
    counts = warehouse.table("decoded_frames").counts(classes)
    scores = {row["name"]: row for row in warehouse.table("evaluation").read(partitions=[settings.target]).to_pylist()}
    table = Table("class", title="Result", show_footer=True)
    for heading in ("images", "failures", "test images", "test accuracy"):
        table.add_column(heading, justify="right")
    images = failures = 0
    for name in classes:
        found = counts[name]
        failed = found.rows - found.nulls.get("decode_error", 0)
        score = scores.get(name if settings.target == "fruit_class" else label_of(name))
        known = [f"{score['support']:,}", f"{score['recall']:.2%}"] if score and score["support"] else ["-", "-"]
        table.add_row(name, f"{found.rows:,}", f"{failed:,}" if failed else "-", *known)
        images, failures = images + found.rows, failures + failed
    support = sum(row["support"] for row in scores.values())
    hits = sum(row["support"] * row["recall"] for row in scores.values())
    footers = ["all", f"{images:,}", f"{failures:,}", f"{support:,}", f"{hits / support:.2%}" if support else "-"]
    for column, footer in zip(table.columns, footers, strict=True):
        column.footer = footer
    return table
