"""`image-assets scenes`: which very large pictures there are, and whether they are registered."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from image_assets.cli.app import app, examples
from image_assets.cli.arguments import AsJson
from image_assets.cli.console import output, print_json, say, table

if TYPE_CHECKING:
    from image_assets.tiles.scene import SceneInfo


@app.command(epilog=examples("scenes", "scenes --register", "scenes --json", "run --chain scenes"))
def scenes(
    register: Annotated[
        bool, typer.Option("--register", help="Register the scenes that are new, as partitions.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the scenes (very large pictures) of the source: size, kind, and registered or not."""
    from image_assets.automation.partitions import SCENE, register_classes
    from image_assets.cli.instance import open_instance
    from image_assets.resources.settings import resources_of
    from image_assets.settings import load_settings

    settings = load_settings()
    known, reasons = resources_of(settings)["scenes_source"].catalogue.describe_all()
    with open_instance() as instance:
        new = register_classes(instance, list(known), SCENE) if register else []
        registered = set(instance.get_dynamic_partitions(SCENE))
    rows = []
    for key in sorted({*known, *reasons, *registered}):
        state = "new" if key in new else "registered" if key in registered else "not registered"
        if key in reasons:
            state = f"cannot be opened: {reasons[key]}"
        elif key not in known:
            state = "vanished from the source"
        rows.append({"scene": key, "state": state, **_size(known.get(key))})
    if as_json:
        print_json(rows)
        return
    headings = ("scene", "state", "width>", "height>", "channels>", "dtype")
    cells = [[str(row.get(heading.rstrip(">"), "-")) for heading in headings] for row in rows]
    console = output()
    console.print(table(f"Scenes of {settings.scenes}", headings, cells))
    if any(row["state"] == "not registered" for row in rows):
        say(console, "Register new scenes with: image-assets scenes --register")


def _size(info: "SceneInfo | None") -> dict[str, Any]:
    if info is None:
        return {}
    return {"width": info.width, "height": info.height, "channels": info.channels, "dtype": str(info.dtype)}
