"""Arguments that several commands take, and what the shell completes them with."""

from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from image_assets.errors import ImageAssetsError


def complete_source_class(incomplete: str) -> list[str]:
    """Complete a class of the source."""
    from image_assets.settings import load_settings
    from image_assets.vision.sources import open_source

    return _starting(incomplete, lambda: open_source(load_settings().source).class_folders())


def complete_stored_class(incomplete: str) -> list[str]:
    """Complete a class of the warehouse."""
    from image_assets.settings import load_settings
    from image_assets.warehouse.warehouse import Warehouse

    return _starting(incomplete, lambda: Warehouse.at(load_settings().warehouse).table("raw_images").counts())


def complete_table(incomplete: str) -> list[str]:
    """Complete a table."""
    from image_assets.contracts import TABLES

    return _starting(incomplete, lambda: TABLES)


def _starting(incomplete: str, names: Callable[[], Iterable[str]]) -> list[str]:
    """Return the names that start so; a shell that asks in the wrong folder gets none rather than an error."""
    from image_assets.cli.app import use_project_instance

    use_project_instance()
    try:
        return sorted(name for name in names() if name.startswith(incomplete))
    except (ImageAssetsError, OSError):
        return []


SourceClasses = Annotated[
    list[str] | None,
    typer.Argument(metavar="CLASS", help="Classes; all by default.", autocompletion=complete_source_class),
]
StoredClasses = Annotated[
    list[str] | None,
    typer.Argument(metavar="CLASS", help="Classes; all by default.", autocompletion=complete_stored_class),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
