"""Which partitions of which chains are meant by the names that somebody typed."""

from collections.abc import Sequence
from dataclasses import dataclass

from image_assets.cli.chains import CHAINS, DEFAULT_CHAIN
from image_assets.cli.chains.chain import Chain, Inspection
from image_assets.settings import Settings

INSPECTED = {name: chain.inspection for name, chain in CHAINS.items() if chain.inspection}


@dataclass(frozen=True)
class Chosen:
    """Partitions of one chain."""

    chain: Chain
    inspection: Inspection
    partitions: list[str]


def command_of(chain: Chain) -> str:
    """Return the command that runs a chain."""
    return "image-assets run" + ("" if chain.name == DEFAULT_CHAIN else f" --chain {chain.name}")


def chosen_partitions(
    settings: Settings, names: Sequence[str] | None, chain_name: str | None, *, compare: bool = False
) -> list[Chosen]:
    """Return what is meant: of the chain that is named, else of every chain that has something.

    Args:
        settings: of the project.
        names: as typed; all by default.
        chain_name: all chains by default.
        compare: whether the sources are asked, too.

    Raises:
        SettingsError: there is no such chain, or another one tells of it.
        SourceError: naming what is unknown, and what was probably meant.
        WarehouseError: nothing has run yet.
    """
    from image_assets.errors import SettingsError, WarehouseError
    from image_assets.fruits.selection import chosen_classes
    from image_assets.names import suggestion
    from image_assets.warehouse.warehouse import Warehouse

    if chain_name and chain_name not in INSPECTED:
        raise SettingsError(f"there is no chain {chain_name!r} to look at: {suggestion(chain_name, INSPECTED)}")
    found = [
        Chosen(CHAINS[name], inspection, sorted(inspection.known(settings, compare)))
        for name, inspection in INSPECTED.items()
        if chain_name in (None, name)
    ]
    found = [item for item in found if item.partitions] or found[:1]
    place = f"the warehouse {Warehouse.at(settings.warehouse).root.uri}"
    if names and not any(item.partitions for item in found):
        raise WarehouseError(f"{place} holds nothing of {', '.join(names)} yet: run {command_of(found[0].chain)} first")
    noun = " or ".join(item.chain.nouns[0] for item in found)
    wanted = chosen_classes(names, [name for item in found for name in item.partitions], place, noun)
    chosen = [
        Chosen(item.chain, item.inspection, [name for name in item.partitions if name in wanted]) for item in found
    ]
    return [item for item in chosen if item.partitions or not names]
