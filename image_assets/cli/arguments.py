"""Arguments that several commands take, and what the shell completes them with."""

from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from image_assets.errors import ImageAssetsError


def complete_source_class(incomplete: str) -> list[str]:
    """Complete a class of the source."""
    from image_assets.settings import load_settings
    from image_assets.vision.sources import open_source

    return starting(incomplete, lambda: open_source(load_settings().source).class_folders())


def complete_stored(incomplete: str) -> list[str]:
    """Complete a class, scene or recording of the warehouse."""
    from image_assets.cli.chains.choosing import INSPECTED
    from image_assets.settings import load_settings

    def names() -> set[str]:
        settings = load_settings()
        return {name for found in INSPECTED.values() for name in found.known(settings, False)}

    return starting(incomplete, names)


def complete_inspected_chain(incomplete: str) -> list[str]:
    """Complete a chain that `status`, `failures` and `show` can tell of."""
    from image_assets.cli.chains.choosing import INSPECTED

    return [name for name in INSPECTED if name.startswith(incomplete)]


def complete_table(incomplete: str) -> list[str]:
    """Complete a table."""
    from image_assets.contracts import TABLES

    return starting(incomplete, lambda: TABLES)


def starting(incomplete: str, names: Callable[[], Iterable[str]]) -> list[str]:
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
Stored = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="Classes, scenes, recordings; all by default.", autocompletion=complete_stored),
]
ChainName = Annotated[
    str | None,
    typer.Option(
        "--chain",
        metavar="CHAIN",
        help="One of fruits, scenes, recordings; without it, every chain that has something.",
        autocompletion=complete_inspected_chain,
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
