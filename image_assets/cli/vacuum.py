"""`image-assets vacuum`: remove old versions of the tables."""

from typing import Annotated

import typer

from image_assets.cli.app import app, examples
from image_assets.cli.arguments import complete_table
from image_assets.cli.console import counted, number, output, say, size, table


@app.command(epilog=examples("vacuum --dry-run", "vacuum --retention-hours 24", "vacuum raw_images decoded_frames"))
def vacuum(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="TABLE", help="Tables; all by default.", autocompletion=complete_table),
    ] = None,
    retention_hours: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="How long replaced versions stay readable; IMAGE_ASSETS_RETENTION_HOURS by default, a week. Must be "
            "longer than a run takes, since the files of a run under way belong to no version yet; 0 only while "
            "nothing runs.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be freed.")] = False,
) -> None:
    """Remove files that no recent version of a table names: replaced pictures, leftovers of runs that died."""
    from image_assets.contracts import TABLES
    from image_assets.errors import WarehouseError
    from image_assets.names import suggestion
    from image_assets.settings import load_settings
    from image_assets.warehouse.maintenance import vacuum_tables
    from image_assets.warehouse.warehouse import Warehouse

    for name in names or []:
        if name not in TABLES:
            raise WarehouseError(f"there is no table {name!r}: {suggestion(name, TABLES)}")
    settings = load_settings()
    warehouse = Warehouse.at(settings.warehouse)
    hours = settings.retention_hours if retention_hours is None else retention_hours
    freed = list(vacuum_tables(warehouse, hours, names or None, dry_run=dry_run))
    console = output()
    if not freed:
        say(console, f"Nothing to free: there is no table at {warehouse.root.uri} yet.")
        return
    rows = [(item.table, number(item.files), size(item.bytes)) for item in freed]
    files, total = sum(item.files for item in freed), sum(item.bytes for item in freed)
    verb = "Would be freed" if dry_run else "Freed"
    console.print(table(verb, ("table", "files>", "size>"), rows, ("all", number(files), size(total))))
    say(
        console,
        f"{verb}: {counted(files, 'file')}, {size(total)}; versions of the last {hours} h stay readable",
    )
