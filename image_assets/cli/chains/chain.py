"""What a chain is to the command line: a Dagster job over the partitions of one set, and what a person wants to see.

What is heavy is imported when it is used.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa
    from dagster import DagsterInstance
    from PIL.Image import Image
    from rich.table import Table

    from image_assets.warehouse.following import PartitionStatus

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Shown:
    """What `show` draws.

    Attributes:
        picture: for a file.
        told: what is on it, for the line that says where it is.
    """

    picture: "Image"
    told: str


@dataclass(frozen=True)
class Inspection:
    """What `status`, `failures` and `show` ask of a chain.

    Attributes:
        rows: what the rows of its first table are: pictures, tiles, frames.
        tables: the tables whose versions `status` tells, in the order of the chain.
        known: its partitions: those that the tables hold and, if that is asked for, those of the source.
        statuses: where each of some partitions stands; compared with the source or not.
        failures: the rows with reasons of some partitions, None for all, as `image_assets.warehouse.failures` has them.
        shown: what `show` can draw, by the names that `--table` takes.
        draw: draws one partition: which of `shown`, None for what is usual, and pictures at most.
    """

    rows: str
    tables: Sequence[str]
    known: Callable[[Settings, bool], set[str]]
    statuses: "Callable[[Settings, Sequence[str], bool], Iterator[PartitionStatus]]"
    failures: "Callable[[Settings, Sequence[str] | None], Iterator[pa.RecordBatch]]"
    shown: Sequence[str]
    draw: Callable[[Settings, str, str | None, int], Shown]


@dataclass(frozen=True)
class Chain:
    """What `image-assets run --chain NAME` does.

    Attributes:
        name: of the chain.
        job: the Dagster job.
        describe: one line for the help.
        available: the partitions that can be run, from the source or from the tables before.
        place: what holds them, for messages.
        nouns: what one partition and several are called.
        partitions: name of the set of partitions.
        kept: assets that stay as they are when only some partitions are named.
        results: what the tables hold of each partition after the run, for `--json` and for `draw`.
        draw: the results as a table.
        next_step: what to say at the end; <warehouse> stands for its address.
        with_all: whether a run of everything goes on with this chain.
        report: address of a page that shows the results, if the chain makes one.
        inspection: what `status`, `failures` and `show` ask of it; None where another chain tells of it.
    """

    name: str
    job: str
    describe: str
    available: Callable[[Settings], list[str]]
    place: Callable[[Settings], str]
    partitions: str
    kept: Callable[[Settings], set[str]]
    results: Callable[[Settings, Sequence[str]], Rows]
    draw: "Callable[[Settings, Rows], Table]"
    nouns: tuple[str, str] = ("class", "classes")
    next_step: str = "Look at it: make dev, then open the address that it prints."
    with_all: Callable[[Settings], bool] = lambda _: False
    report: Callable[[Settings], str | None] = lambda _: None
    inspection: Inspection | None = None

    def register(self, instance: "DagsterInstance", keys: list[str]) -> list[str]:
        """Add partitions to the instance where they are new, and return these."""
        from image_assets.automation.partitions import register_classes

        return register_classes(instance, keys, self.partitions)

    def tags(self, instance: "DagsterInstance", keys: Sequence[str]) -> dict[str, str]:
        """Return the tags of a run for exactly these partitions."""
        from image_assets.automation.partitions import range_tags

        return range_tags(instance, keys, self.partitions)
