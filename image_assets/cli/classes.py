"""`image-assets classes`: what the source holds, what is registered, and what changed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from image_assets.cli.app import app, examples
from image_assets.cli.arguments import AsJson, SourceClasses
from image_assets.cli.console import number, output, print_json, say, table

if TYPE_CHECKING:
    from image_assets.fruits.listing import ClassChanges


@app.command(epilog=examples("classes", "classes --register", "classes --pictures Banana", "classes --json"))
def classes(
    names: SourceClasses = None,
    register: Annotated[
        bool, typer.Option("--register", help="Register the classes of the source that are new, as partitions.")
    ] = False,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="List every picture that is new, changed or vanished.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the classes of the source: registered or not, and what changed since they were read.

    A picture counts as changed if its size or modification time is another. A class that vanished from the source
    stays registered and keeps its data.
    """
    from image_assets.automation.partitions import FRUIT_CLASS
    from image_assets.cli.instance import open_instance, report_classes
    from image_assets.fruits.listing import compare_listing
    from image_assets.fruits.selection import chosen_classes
    from image_assets.settings import load_settings
    from image_assets.vision.sources import folders_of_classes, open_source
    from image_assets.warehouse.warehouse import Warehouse

    settings = load_settings()
    source, raw_images = open_source(settings.source), Warehouse.at(settings.warehouse).table("raw_images")
    folders = folders_of_classes(source) if register else source.class_folders()
    with open_instance() as instance:
        new = report_classes(instance, source.address, folders) if register else []
        registered = set(instance.get_dynamic_partitions(FRUIT_CLASS))
    known = {*folders, *registered, *raw_images.counts()}
    chosen = chosen_classes(names, known, f"the source {source.address}")
    rows = []
    for changes in compare_listing(source, raw_images, chosen):
        name = changes.fruit_class
        state = "new" if name in new else "registered" if name in registered else "not registered"
        state = state if name in folders else "vanished from the source"
        rows.append((changes, state, folders.get(name, [])))
    if as_json:
        print_json([_as_json(changes, state, places, pictures=pictures) for changes, state, places in rows])
        return
    console = output()
    if pictures:
        listed = [line for changes, _, _ in rows for line in _pictures(changes)]
        console.print(table(f"Changed pictures of {source.address}", ("class", "change", "path"), listed))
    else:
        console.print(
            table(
                f"Classes of {source.address}",
                ("class", "state", "pictures>", "changes", "folders"),
                [
                    (item.fruit_class, state, number(item.listed), _changes(item), ", ".join(map(_shown, places)))
                    for item, state, places in rows
                ],
            )
        )
    _advise(console, [state for _, state, _ in rows], [changes for changes, _, _ in rows])


def _changes(changes: "ClassChanges") -> str:
    if not changes.in_source:
        return f"{changes.known:,} pictures kept" if changes.known else "-"
    return "never run" if not changes.known else str(changes) or "-"


def _shown(folder: str) -> str:
    return folder or "."


def _pictures(changes: "ClassChanges") -> Iterator[tuple[str, str, str]]:
    for kind in ("new", "changed", "vanished"):
        for path in getattr(changes, kind):
            yield changes.fruit_class, kind, path


def _as_json(changes: "ClassChanges", state: str, folders: list[str], *, pictures: bool) -> dict[str, Any]:
    kinds = {kind: getattr(changes, kind) for kind in ("new", "changed", "vanished")}
    return {
        "fruit_class": changes.fruit_class,
        "state": state,
        "folders": folders,
        "pictures": changes.listed,
        "known": changes.known,
        **{kind: paths if pictures else len(paths) for kind, paths in kinds.items()},
    }


def _advise(console: Any, states: list[str], changes: "list[ClassChanges]") -> None:
    from image_assets.vision.sources import SOURCE_REMEDY

    if not states:
        say(console, f"No folder here holds pictures: {SOURCE_REMEDY}.")
    if "not registered" in states:
        say(console, "Register new classes with: image-assets classes --register")
    touched = [item.fruit_class for item in changes if item.in_source and str(item)]
    if touched:
        wanted = "" if len(touched) > 8 or len(touched) == len(changes) else " " + " ".join(touched)
        say(console, f"Bring the tables up to date with: image-assets run{wanted}")
