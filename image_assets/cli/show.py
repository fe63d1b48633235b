"""`image-assets show`: a class, a scene or a recording as a picture, in a file."""

from pathlib import Path
from typing import Annotated

import typer

from image_assets.cli.app import app, examples
from image_assets.cli.arguments import ChainName, complete_stored
from image_assets.cli.chains.choosing import INSPECTED, chosen_partitions
from image_assets.cli.console import output, say


def _complete_shown(incomplete: str) -> list[str]:
    return [name for found in INSPECTED.values() for name in found.shown if name.startswith(incomplete)]


@app.command(
    epilog=examples(
        "show Banana",
        "show Banana --table labelled_pictures --output banana.jpg",
        "show RECORDING --table cluster_map",
    )
)
def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The class, scene or recording.", autocompletion=complete_stored)
    ],
    chain_name: ChainName = None,
    table_name: Annotated[
        str | None,
        typer.Option(
            "--table",
            metavar="TABLE",
            help="Of a class: decoded_frames, or labelled_pictures with what an ImageNet network takes them for. Of a "
            "scene: source_tiles or reconstructed_tiles. Of a recording: std_map, phase_map or cluster_map.",
            autocompletion=_complete_shown,
            show_default=False,
        ),
    ] = None,
    count: Annotated[int, typer.Option("--pictures", min=1, max=500, help="Pictures of a class at most.")] = 36,
    destination: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File: .png, .jpg or .webp; NAME.png in this folder by default."),
    ] = None,
) -> None:
    """Draw a class, a scene or a recording to a file, and say where it is.

    A class is a contact sheet of its first pictures; a scene its preview before and after the reconstruction; a
    recording its maps.
    """
    from image_assets.errors import WarehouseError
    from image_assets.fruits.sheets import save_sheet
    from image_assets.names import suggestion
    from image_assets.settings import load_settings

    settings = load_settings()
    chosen = chosen_partitions(settings, [name], chain_name)[0]
    shown = chosen.inspection.shown
    if table_name is not None and table_name not in shown:
        raise WarehouseError(
            f"no table {table_name!r} that holds pictures of a {chosen.chain.nouns[0]}: {suggestion(table_name, shown)}"
        )
    (partition,) = chosen.partitions
    drawn = chosen.inspection.draw(settings, partition, table_name, count)
    target = destination or Path(f"{partition}.png")
    save_sheet(drawn.picture, target)
    say(output(), f"{drawn.told}: {target.absolute()}")
