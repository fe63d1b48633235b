"""`image-assets open`: the report, in a browser."""

from typing import Annotated

import typer

from image_assets.cli.app import app, examples
from image_assets.cli.console import output, say


@app.command("open", epilog=examples("open", "open --print"))
def open_report(
    only_print: Annotated[bool, typer.Option("--print", help="Only print the address, and open no browser.")] = False,
) -> None:
    """Open the report of the last run of the fruits chain in a browser, and print its address.

    One page: counts, failures, accuracy, a map of the pictures and every class. A report on S3 is only printed.
    """
    import webbrowser

    from image_assets.errors import WarehouseError
    from image_assets.report.place import report_address, report_location
    from image_assets.settings import load_settings
    from image_assets.warehouse.location import Location

    root = Location.of(load_settings().warehouse)
    location = report_location(root)
    if not location.exists():
        raise WarehouseError(f"there is no report at {location.uri} yet: run image-assets run first")
    address = report_address(root)
    say(output(), address)
    if not (only_print or location.is_s3):
        webbrowser.open(address)
