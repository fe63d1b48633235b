"""`image-assets doctor`: whether everything is there that a run needs."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from image_assets.cli.app import FAILED, app, examples
from image_assets.cli.arguments import AsJson
from image_assets.cli.console import output, print_json

if TYPE_CHECKING:
    from image_assets.diagnosis.finding import Finding

COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@app.command(epilog=examples("doctor", "doctor --no-spark --json"))
def doctor(
    start_spark: Annotated[
        bool, typer.Option("--spark/--no-spark", help="Whether Spark is started and runs a task; takes some seconds.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Look at settings, Java, memory, disk, weights, S3, sources, warehouse, exports, Dagster and Spark.

    Each is a line: ok, warn (a run may work) or fail (a run cannot work), with what to do about it. Exit code 1 if
    something fails. Nothing is changed.
    """
    from image_assets.cli.instance import dagster_home
    from image_assets.diagnosis.checks import checks_of
    from image_assets.diagnosis.finding import Check, run_checks
    from image_assets.resources.settings import resources_of
    from image_assets.settings import load_settings

    settings = load_settings()
    options = resources_of(settings)["spark"].options if start_spark else None
    checks = [*checks_of(settings, options), Check("Dagster", dagster_home)]
    console = output()
    found = []
    for finding in run_checks(checks):
        found.append(finding)
        if not as_json:
            _print(console, finding)
    if as_json:
        print_json([asdict(finding) for finding in found])
    if any(finding.state == "fail" for finding in found):
        raise typer.Exit(FAILED)


def _print(console: Console, finding: "Finding") -> None:
    remedy = f"; {finding.remedy}" if finding.remedy else ""
    console.print(
        f"[{COLOURS[finding.state]}]{finding.state:<5}[/]{finding.name:<11}{escape(finding.message + remedy)}",
        soft_wrap=True,
        highlight=False,
    )
