"""From what was gathered to one HTML file, with style, script and pictures inside."""

from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from image_assets.report.classes import COLUMNS, TILE
from image_assets.report.gather import Report
from image_assets.warehouse.location import Location


def render(report: Report) -> str:
    """Return the page. Whatever comes from pictures, such as names and paths, is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["count"] = lambda number: f"{number:,}"
    environment.filters["percent"] = percent
    environment.filters["soft"] = soft
    environment.filters["fact"] = lambda value: f"{value:.4g}" if isinstance(value, float) else value
    template = environment.from_string(_part("page.html"))
    # Both files are ours: only what they show is escaped.
    style, script = Markup(_part("page.css")), Markup(_part("page.js"))  # noqa: S704
    return template.render(report=report, data=map_data(report), style=style, script=script)


def percent(share: float, digits: int = 2) -> str:
    """Write a share as a percentage."""
    return f"{100 * share:.{digits}f} %"


def soft(name: str) -> Markup:
    """Escape a name and let it break behind its underscores."""
    return Markup("_<wbr>").join(name.split("_"))


def map_data(report: Report) -> dict[str, Any]:
    """Return what the script of the map needs: of each picture its place, class, tile and wrong prediction if any."""
    classes = [{"name": view.fruit_class, "paths": list(view.paths)} for view in report.classes]
    points = []
    for x, y, owner, number in report.points:
        view = report.classes[owner]
        predicted = view.predicted[number]
        true = view.label if report.target == "label" else view.fruit_class
        points.append([x, y, owner, number, predicted if predicted != true else None])
    return {"classes": classes, "points": points, "columns": COLUMNS, "tile": TILE}


def publish_page(location: Location, page: str) -> None:
    """Replace the report at once; on S3 with the type that makes browsers show it."""
    location.write_bytes(page.encode(), content_type="text/html; charset=utf-8")


def _part(name: str) -> str:
    return files("image_assets.report").joinpath(name).read_text(encoding="utf-8")
