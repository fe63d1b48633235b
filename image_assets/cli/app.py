"""The command line: its commands, its exit codes, and errors as one clear line."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from image_assets import __version__
from image_assets.errors import ImageAssetsError

FAILED = 1
EPILOG = (
    "Begin with `image-assets doctor`, then `image-assets run`. A command tells its options with `--help`.\n\n"
    "Exit codes: 0 done; 1 something failed, the message says what and what to do; 2 an option or argument is "
    "malformed; 130 stopped by Ctrl-C, 143 by a signal to end.\n\n"
    "Settings are IMAGE_ASSETS_* variables, also read from .env: docs/settings.md. More: docs/command.md."
)


def examples(*lines: str) -> str:
    """Return the end of a command's help."""
    return "Examples:\n\n" + "\n".join(f"- `image-assets {line}`" for line in lines)


app = typer.Typer(
    name="image-assets",
    help="Run and inspect the image assets: what Dagster's own commands cannot do.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["--help", "-h"]},
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
    use_project_instance()


def use_project_instance() -> None:
    """Use the `.env` and the Dagster instance of the working directory, as Dagster's own commands do."""
    from dotenv import load_dotenv

    load_dotenv(Path(".env"), override=True)
    home = Path(".dagster")
    if "DAGSTER_HOME" not in os.environ and (home / "dagster.yaml").is_file():
        os.environ["DAGSTER_HOME"] = str(home.absolute())


def warn(message: str) -> None:
    """Print a warning where it does not disturb the output."""
    errors.print(f"[yellow]warning:[/] {escape(message)}", soft_wrap=True, highlight=False)


def main() -> None:
    """Run the command line."""
    # Each adds its command to the app; what is heavy they import when they run.
    from image_assets.cli import classes, doctor, failures, open_report, run, scenes, show, status, vacuum  # noqa: F401

    try:
        app()
    except (ImageAssetsError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # whoever read our output has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(FAILED)
        errors.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True, highlight=False)
        sys.exit(FAILED)
