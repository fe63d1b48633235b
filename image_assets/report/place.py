"""Where the report is: for those who write it and for those who only say it."""

from pathlib import Path

from image_assets.warehouse.location import Location

REPORT_FILE = "report.html"


def report_location(warehouse: Location) -> Location:
    """Return where the report of a warehouse is."""
    return warehouse.join(REPORT_FILE)


def report_address(warehouse: Location) -> str:
    """Return what a browser opens: a file:// address, or the s3:// address."""
    location = report_location(warehouse)
    return location.uri if location.is_s3 else Path(location.path).as_uri()
