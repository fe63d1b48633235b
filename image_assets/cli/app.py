"""The command line: its commands, its exit codes, and errors as one clear line.

Exit codes: 0 done; 1 something failed, the message says what; 2 the command line itself is wrong.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from image_assets import __version__
from image_assets.errors import ImageAssetsError

app = typer.Typer(
    name="image-assets",
    help="Run and inspect the image assets. Settings come from IMAGE_ASSETS_* variables; see docs/settings.md.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
errors = Console(stderr=True)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def common(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Prepare what every command needs."""
    _use_project_instance()


def _use_project_instance() -> None:
    """Use the `.env` and the Dagster instance of the working directory, as Dagster's own commands do."""
    from dotenv import load_dotenv

    load_dotenv(Path(".env"), override=True)
    home = Path(".dagster")
    if "DAGSTER_HOME" not in os.environ and (home / "dagster.yaml").is_file():
        os.environ["DAGSTER_HOME"] = str(home.absolute())
    if os.environ.get("DAGSTER_HOME"):
        Path(os.environ["DAGSTER_HOME"]).mkdir(parents=True, exist_ok=True)


def main() -> None:
    """Run the command line."""
    from image_assets.cli import classes, run  # noqa: F401 - they add their commands to the app

    try:
        app()
    except ImageAssetsError as error:
        errors.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(1)
