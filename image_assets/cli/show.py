"""`image-assets show`: a contact sheet of a class, as a file."""

from pathlib import Path
from typing import Annotated

import typer

from image_assets.cli.app import app, examples
from image_assets.cli.arguments import complete_stored_class
from image_assets.cli.console import counted, output, say


def _complete_shown_table(incomplete: str) -> list[str]:
    from image_assets.fruits.sheets import PICTURES

    return [name for name in PICTURES if name.startswith(incomplete)]


@app.command(epilog=examples("show Banana", "show Banana --table labelled_pictures --output banana.jpg"))
def show(
    name: Annotated[str, typer.Argument(metavar="CLASS", help="The class.", autocompletion=complete_stored_class)],
    table_name: Annotated[
        str,
        typer.Option(
            "--table",
            metavar="TABLE",
            help="decoded_frames, or labelled_pictures: with what an ImageNet network takes them for.",
            autocompletion=_complete_shown_table,
        ),
    ] = "decoded_frames",
    count: Annotated[int, typer.Option("--pictures", min=1, max=500, help="Pictures at most.")] = 36,
    destination: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File: .png, .jpg or .webp; CLASS.png in this folder by default."),
    ] = None,
) -> None:
    """Draw the first pictures of a class on a contact sheet, and say where it is."""
    from image_assets.errors import WarehouseError
    from image_assets.fruits.selection import chosen_classes
    from image_assets.fruits.sheets import PICTURES, class_pictures, save_sheet
    from image_assets.names import suggestion
    from image_assets.settings import load_settings
    from image_assets.warehouse.warehouse import Warehouse

    if table_name not in PICTURES:
        raise WarehouseError(f"no table {table_name!r} that holds pictures: {suggestion(table_name, PICTURES)}")
    warehouse = Warehouse.at(load_settings().warehouse)
    pictures = warehouse.table(table_name)
    counts = pictures.counts()
    if not counts:
        raise WarehouseError(f"{table_name} at {warehouse.root.uri} is empty: run {_command(table_name)} first")
    chosen = chosen_classes([name], counts, f"the table {table_name} at {warehouse.root.uri}")[0]
    sheet, shown = class_pictures(pictures, chosen, count)
    target = destination or Path(f"{chosen}.png")
    save_sheet(sheet, target)
    say(output(), f"{shown:,} of {counted(counts[chosen].rows, 'picture')} of {chosen}: {target.absolute()}")


def _command(table_name: str) -> str:
    return f"image-assets run{' --chain imagenet' if table_name == 'labelled_pictures' else ''}"
