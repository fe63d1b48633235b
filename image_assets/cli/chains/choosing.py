"""Which partitions of which chains are meant by the names that somebody typed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from image_assets.cli.chains import CHAINS, DEFAULT_CHAIN
from image_assets.cli.chains.chain import Chain, Inspection
from image_assets.errors import ImageAssetsError, SettingsError, WarehouseError
from image_assets.settings import Settings

INSPECTED = {name: chain.inspection for name, chain in CHAINS.items() if chain.inspection}


@dataclass(frozen=True)
class Chosen:
    """Partitions of one chain.

    Attributes:
        chain: the chain.
        inspection: what can be asked of it.
        partitions: those that are meant.
        error: why its source cannot be asked, so that the partitions are those of the tables alone.
    """

    chain: Chain
    inspection: Inspection
    partitions: list[str]
    error: ImageAssetsError | OSError | None = None


def command_of(chain: Chain) -> str:
    """Return the command that runs a chain."""
    return "image-assets run" + ("" if chain.name == DEFAULT_CHAIN else f" --chain {chain.name}")


def chosen_partitions(
    settings: Settings, names: Sequence[str] | None, chain_name: str | None, *, compare: bool = False
) -> list[Chosen]:
    """Return what is meant: of the chain that is named, else of every chain that has something.

    A chain beside the first whose source cannot be asked does not keep the others from being told of: it has the error.

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
    from image_assets.fruits.selection import chosen_classes
    from image_assets.names import suggestion
    from image_assets.warehouse.warehouse import Warehouse

    if chain_name and chain_name not in INSPECTED:
        raise SettingsError(f"there is no chain {chain_name!r} to look at: {suggestion(chain_name, INSPECTED)}")
    found = [
        _known(settings, name, compare=compare, must=name in (chain_name, DEFAULT_CHAIN))
        for name in INSPECTED
        if chain_name in (None, name)
    ]
    found = [item for item in found if item.partitions or item.error] or found[:1]
    place = f"the warehouse {Warehouse.at(settings.warehouse).root.uri}"
    if names and not any(item.partitions for item in found):
        raise WarehouseError(f"{place} holds nothing of {', '.join(names)} yet: run {command_of(found[0].chain)} first")
    noun = " or ".join(item.chain.nouns[0] for item in found)
    wanted = chosen_classes(names, [name for item in found for name in item.partitions], place, noun)
    chosen = [replace(item, partitions=[name for name in item.partitions if name in wanted]) for item in found]
    return [item for item in chosen if item.partitions or not names]


def _known(settings: Settings, name: str, *, compare: bool, must: bool) -> Chosen:
    """Return all partitions of a chain; where its source cannot be asked and need not be, those of its tables."""
    chain, inspection = CHAINS[name], INSPECTED[name]
    try:
        return Chosen(chain, inspection, sorted(inspection.known(settings, compare)))
    except (ImageAssetsError, OSError) as error:
        if must or not compare:
            raise
        return Chosen(chain, inspection, sorted(inspection.known(settings, False)), error)
