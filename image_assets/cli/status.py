"""`image-assets status`: where each class stands."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from image_assets.cli.app import app, examples
from image_assets.cli.arguments import AsJson, StoredClasses
from image_assets.cli.console import age, number, output, print_json, say, size, table

if TYPE_CHECKING:
    from rich.console import Console

    from image_assets.fruits.status import ClassStatus

SHOWN = 5


@app.command(epilog=examples("status", "status Banana Kiwi", "status --json"))
def status(
    names: StoredClasses = None,
    compare: Annotated[
        bool, typer.Option("--source/--no-source", help="Whether the source is listed and compared.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Tell of each class: pictures, failures, age, table versions, and whether it is fresh.

    fresh: every stage follows the pictures. stale: at least one does not, a line below says why. incomplete: a stage
    has not run for it. vanished: gone from the source, its data kept.
    """
    from image_assets.fruits.listing import compare_listing
    from image_assets.fruits.selection import chosen_classes
    from image_assets.fruits.status import CHAIN, Expected, class_statuses
    from image_assets.settings import load_settings
    from image_assets.vision.backbones.registry import get_backbone
    from image_assets.vision.sources import open_source
    from image_assets.warehouse.warehouse import Warehouse

    settings = load_settings()
    warehouse = Warehouse.at(settings.warehouse)
    raw_images = warehouse.table("raw_images")
    source = open_source(settings.source) if compare else None
    known = {*raw_images.counts(), *(source.class_folders() if source else {})}
    chosen = chosen_classes(names, known, f"the warehouse {warehouse.root.uri}")
    changes = compare_listing(source, raw_images, chosen) if source else None
    expected = Expected.of(warehouse, get_backbone(settings.backbone).name, settings.feature_form)
    found = [item for item in class_statuses(warehouse, expected, changes) if item.fruit_class in chosen]
    if as_json:
        print_json({"warehouse": warehouse.root.uri, "classes": [asdict(item) for item in found]})
        return
    console = output()
    if not found:
        say(console, f"Nothing has run yet at {warehouse.root.uri}. Begin with: image-assets run")
        return
    rows = [
        (
            item.fruit_class,
            item.state,
            number(item.pictures),
            number(item.failures),
            age(item.updated),
            "/".join(str(item.versions.get(name, "-")) for name in CHAIN) if item.versions else "-",
            size(item.bytes) if item.bytes else "-",
        )
        for item in found
    ]
    total = [
        "all",
        ", ".join(f"{sum(item.state == state for item in found)} {state}" for state in _states(found)),
        number(sum(item.pictures for item in found)),
        number(sum(item.failures for item in found)),
        "",
        "",
        size(sum(item.bytes for item in found)),
    ]
    headings = ("class", "state", "pictures>", "failures>", "age>", "versions", "size>")
    console.print(table(f"Classes of {warehouse.root.uri}", headings, rows, total))
    say(console, f"Versions of the tables: {' / '.join(CHAIN)}")
    for reason, classes in _by_reason(found).items():
        more = f" and {len(classes) - SHOWN} more" if len(classes) > SHOWN else ""
        say(console, f"{', '.join(classes[:SHOWN])}{more}: {reason}")
    _advise(console, found)


def _by_reason(found: "list[ClassStatus]") -> dict[str, list[str]]:
    """Group the classes by why they are not fresh: many usually share one reason."""
    classes: dict[str, list[str]] = {}
    for item in found:
        for reason in item.reasons:
            classes.setdefault(reason, []).append(item.fruit_class)
    return classes


def _states(found: "list[ClassStatus]") -> list[str]:
    return sorted({item.state for item in found})


def _advise(console: "Console", found: "list[ClassStatus]") -> None:
    if all(item.state == "never run" for item in found):
        say(console, "Nothing has run yet. Begin with: image-assets run")
    elif any(item.state in ("stale", "incomplete", "never run") for item in found):
        say(console, "Bring them up to date with: image-assets run")
    if any(item.failures for item in found):
        say(console, "Why pictures failed: image-assets failures")
