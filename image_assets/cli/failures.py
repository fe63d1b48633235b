"""`image-assets failures`: what could not be read or decoded, with the reasons."""

import sys
from itertools import chain as chained
from pathlib import Path
from typing import Annotated, Any

import typer

from image_assets.cli.app import app, examples
from image_assets.cli.arguments import AsJson, ChainName, Stored
from image_assets.cli.chains.choosing import Chosen, chosen_partitions
from image_assets.cli.console import counted, output, say, table

SHOWN = 100


@app.command(epilog=examples("failures", "failures Banana", "failures --output failures.csv"))
def failures(
    names: Stored = None,
    chain_name: ChainName = None,
    destination: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write all of them to a file: .csv, .json, .jsonl (a row per line) or .parquet."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what could not be read or decoded, each with its reason: pictures, frames of recordings, files of scenes.

    A failed picture keeps its row. One that could not be read is tried again in every run of its class; one that could
    not be decoded when its file has changed, or with `run --full`. A scene that cannot be opened has no row: its file
    is looked at now.
    """
    from image_assets.settings import load_settings
    from image_assets.warehouse.failures import write_failures, write_json
    from image_assets.warehouse.warehouse import Warehouse

    settings = load_settings()
    console = output()
    chosen = chosen_partitions(settings, names, chain_name)
    batches = chained.from_iterable(
        item.inspection.failures(settings, item.partitions if names else None) for item in chosen
    )
    if destination is not None:
        count = write_failures(batches, destination)
        say(console, f"{counted(count, 'failure')} of {_asked(chosen)}: {destination.absolute()}")
        return
    if as_json:
        write_json(batches, sys.stdout.buffer)
        return
    if not any(item.partitions for item in chosen):
        root = Warehouse.at(settings.warehouse).root
        say(console, f"Nothing has run yet at {root.uri}. Begin with: image-assets run")
        return
    _print(console, [row for batch in batches for row in batch.to_pylist()], chosen)


def _asked(chosen: list[Chosen]) -> str:
    return ", ".join(counted(len(item.partitions), *item.chain.nouns) for item in chosen)


def _print(console: Any, rows: list[dict[str, Any]], chosen: list[Chosen]) -> None:
    if not rows:
        say(console, f"No failures in {_asked(chosen)}.")
        return
    shown = rows[:SHOWN] if console.is_terminal else rows
    heading = ", ".join(item.chain.nouns[0] for item in chosen)
    cells = [(row["partition"], row["path"], row["reason"]) for row in shown]
    console.print(table(counted(len(rows), "failure"), (heading, "path", "reason"), cells))
    if len(shown) < len(rows):
        say(console, f"The first {SHOWN} are shown; all of them: image-assets failures --output failures.csv")
