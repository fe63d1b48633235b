"""`image-assets status`: where each class, scene and recording stands."""

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from image_assets.cli.app import app, examples
from image_assets.cli.arguments import AsJson, ChainName, Stored
from image_assets.cli.chains import DEFAULT_CHAIN
from image_assets.cli.chains.choosing import Chosen, chosen_partitions, command_of
from image_assets.cli.console import age, number, output, print_json, say, size, table

if TYPE_CHECKING:
    from rich.console import Console

    from image_assets.warehouse.following import PartitionStatus

SHOWN = 5


@app.command(epilog=examples("status", "status Banana Kiwi", "status --chain scenes", "status --json"))
def status(
    names: Stored = None,
    chain_name: ChainName = None,
    compare: Annotated[
        bool, typer.Option("--source/--no-source", help="Whether the source is listed and compared.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Tell of each class, scene and recording: pictures, failures, age, table versions, and whether it is fresh.

    fresh: every stage follows the source and the settings. stale: at least one does not, a line below says why.
    incomplete: a stage has not run for it. never run: in the source, nothing stored. vanished: gone from the source,
    its data kept. unreadable: it cannot be opened.
    """
    from image_assets.settings import load_settings
    from image_assets.warehouse.warehouse import Warehouse

    settings = load_settings()
    root = Warehouse.at(settings.warehouse).root
    chosen = chosen_partitions(settings, names, chain_name, compare=compare)
    found = [
        (item, list(item.inspection.statuses(settings, item.partitions, compare and item.error is None)))
        for item in chosen
    ]
    if as_json:
        print_json({"warehouse": root.uri, **{item.chain.nouns[1]: _rows(item, told) for item, told in found}})
    else:
        _print_all(output(), found, root.uri)
    for item in chosen:
        if item.error is not None:
            raise item.error


def _rows(chosen: Chosen, found: "list[PartitionStatus]") -> list[dict[str, Any]]:
    """Return the statuses for scripts, under the names that the chain gives to its partitions and their rows."""
    return [
        {
            chosen.chain.partitions: item.partition,
            "state": item.state,
            "reasons": item.reasons,
            chosen.inspection.rows: item.rows,
            "failures": item.failures,
            "bytes": item.bytes,
            "updated": item.updated,
            "versions": item.versions,
        }
        for item in found
    ]


def _print_all(console: "Console", found: "list[tuple[Chosen, list[PartitionStatus]]]", root: str) -> None:
    if not any(told for _, told in found):
        say(console, f"Nothing has run yet at {root}. Begin with: image-assets run")
    for item, told in found:
        if told:
            _print(console, item, told, root)


def _print(console: "Console", chosen: Chosen, found: "list[PartitionStatus]", root: str) -> None:
    noun, plural = chosen.chain.nouns
    tables = chosen.inspection.tables
    rows = [
        (
            item.partition,
            item.state,
            number(item.rows),
            number(item.failures),
            age(item.updated),
            "/".join(str(item.versions.get(name, "-")) for name in tables) if item.versions else "-",
            size(item.bytes) if item.bytes else "-",
        )
        for item in found
    ]
    total = [
        "all",
        ", ".join(f"{sum(item.state == state for item in found)} {state}" for state in _states(found)),
        number(sum(item.rows for item in found)),
        number(sum(item.failures for item in found)),
        "",
        "",
        size(sum(item.bytes for item in found)),
    ]
    headings = (noun, "state", f"{chosen.inspection.rows}>", "failures>", "age>", "versions", "size>")
    console.print(table(f"{plural.capitalize()} of {root}", headings, rows, total))
    say(console, f"Versions of the tables: {' / '.join(tables)}")
    for reason, partitions in _by_reason(found).items():
        more = f" and {len(partitions) - SHOWN} more" if len(partitions) > SHOWN else ""
        say(console, f"{', '.join(partitions[:SHOWN])}{more}: {reason}")
    _advise(console, chosen, found)


def _by_reason(found: "list[PartitionStatus]") -> dict[str, list[str]]:
    """Group the partitions by why they are not fresh: many usually share one reason."""
    partitions: dict[str, list[str]] = {}
    for item in found:
        for reason in item.reasons:
            partitions.setdefault(reason, []).append(item.partition)
    return partitions


def _states(found: "list[PartitionStatus]") -> list[str]:
    return sorted({item.state for item in found})


def _advise(console: "Console", chosen: Chosen, found: "list[PartitionStatus]") -> None:
    command = command_of(chosen.chain)
    behind = [item.partition for item in found if item.state in ("stale", "incomplete", "never run")]
    if all(item.state == "never run" for item in found):
        say(console, f"Nothing has run yet. Begin with: {command}")
    elif behind:
        named = chosen.chain.name != DEFAULT_CHAIN and len(behind) < len(found)  # these chains compute whole partitions
        say(console, f"Bring them up to date with: {command}{' ' + shlex.join(behind) if named else ''}")
    if any(item.failures for item in found):
        say(console, "Why they failed: image-assets failures")
