"""`image-assets failures`: the pictures that could not be read or decoded, with the reasons."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from image_assets.cli.app import app, examples
from image_assets.cli.arguments import AsJson, StoredClasses
from image_assets.cli.console import counted, output, say, table

SHOWN = 100


@app.command(epilog=examples("failures", "failures Banana", "failures --output failures.csv"))
def failures(
    names: StoredClasses = None,
    destination: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write all of them to a file: .csv, .json, .jsonl (a row per line) or .parquet."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the pictures that could not be read or decoded, each with its reason.

    A failed picture keeps its row. One that could not be read is tried again in every run of its class; one that could
    not be decoded when its file has changed, or with `run --full`.
    """
    from image_assets.fruits.failures import failures as read_failures
    from image_assets.fruits.failures import write_failures, write_json
    from image_assets.fruits.selection import chosen_classes
    from image_assets.settings import load_settings
    from image_assets.warehouse.warehouse import Warehouse

    warehouse = Warehouse.at(load_settings().warehouse)
    console = output()
    chosen = chosen_classes(names, warehouse.table("raw_images").counts(), f"the warehouse {warehouse.root.uri}")
    batches = read_failures(warehouse, chosen)
    if destination is not None:
        count = write_failures(batches, destination)
        say(
            console,
            f"{counted(count, 'failure')} of {counted(len(chosen), 'class', 'classes')}: {destination.absolute()}",
        )
        return
    if as_json:
        write_json(batches, sys.stdout.buffer)
        return
    if not chosen:
        say(console, f"Nothing has run yet at {warehouse.root.uri}. Begin with: image-assets run")
        return
    _print(console, [row for batch in batches for row in batch.to_pylist()], len(chosen))


def _print(console: Any, rows: list[dict[str, Any]], classes: int) -> None:
    if not rows:
        say(console, f"No failures in {counted(classes, 'class', 'classes')}.")
        return
    shown = rows[:SHOWN] if console.is_terminal else rows
    cells = [(row["fruit_class"], row["path"], row["reason"]) for row in shown]
    console.print(table(counted(len(rows), "failure"), ("class", "path", "reason"), cells))
    if len(shown) < len(rows):
        say(console, f"The first {SHOWN} are shown; all of them: image-assets failures --output failures.csv")
