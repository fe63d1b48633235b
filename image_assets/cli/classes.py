"""`image-assets classes`: what the source holds and what is registered."""

import json
from typing import Annotated

import typer
from dagster import DagsterInstance
from rich.console import Console
from rich.table import Table

from image_assets.automation.partitions import FRUIT_CLASS, register_classes
from image_assets.cli.app import app
from image_assets.settings import load_settings
from image_assets.vision.sources import open_source


@app.command()
def classes(
    register: Annotated[bool, typer.Option(help="Register the classes that are new, as partitions.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the classes of the source and whether they are registered as partitions."""
    source = open_source(load_settings().source)
    folders = source.class_folders()
    with DagsterInstance.get() as instance:
        new = register_classes(instance, list(folders)) if register else []
        registered = set(instance.get_dynamic_partitions(FRUIT_CLASS))
    states = {
        key: ("new" if key in new else "registered" if key in registered else "not registered")
        if key in folders
        else "vanished from the source"
        for key in sorted({*folders, *registered})
    }
    if as_json:
        rows = [{"fruit_class": key, "state": state, "folders": folders.get(key, [])} for key, state in states.items()]
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("class", "state", "folders", title=f"Classes of {source.address}")
    for key, state in states.items():
        table.add_row(key, state, ", ".join(folders.get(key, [])))
    Console().print(table)
    if not register and any(state == "not registered" for state in states.values()):
        Console().print("Register new classes with: image-assets classes --register")
