"""The partition sets of the chains, whose keys come from what the sources hold.

See https://docs.dagster.io/guides/build/partitions-and-backfills.
"""

from collections.abc import Mapping, Sequence

import click
from dagster import DagsterInstance, DynamicPartitionsDefinition, PartitionKeyRange
from dagster._core.definitions.partitions.context import PartitionLoadingContext, partition_loading_context
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

FRUIT_CLASS = "fruit_class"
SCENE = "scene"
RECORDING = "recording"
LIST_SEPARATOR = ","
"""No key holds it, see `image_assets.vision.labels.class_key`."""

REGISTERING = {
    FRUIT_CLASS: "`image-assets classes --register`, or by materializing the asset fruit_classes",
    SCENE: "`image-assets scenes --register`, or by materializing the asset scenes",
    RECORDING: "`image-assets run --chain recordings`, or by materializing the asset recordings",
}
"""How the keys of each set come to be registered."""


class UnknownClassError(click.ClickException):
    """What was asked for is not registered; Dagster's command line prints the message and nothing else."""


def unknown_class(key: str, registered: Sequence[str], name: str = FRUIT_CLASS) -> UnknownClassError:
    """Return the error for a key of a set that is not registered, with those that are and the remedy."""
    known = sorted(registered)
    shown = ", ".join(known[:20]) + (f" and {len(known) - 20} more" if len(known) > 20 else "")
    return UnknownClassError(
        f"{name} {key!r} is not registered. Registered: {shown or 'none'}. Register what the source holds with "
        f"{REGISTERING[name]}."
    )


class RegisteredClasses(DynamicPartitionsDefinition):
    """Dynamic partitions whose error for an unknown key says how keys are registered.

    Dagster's own says that every asset "must have a PartitionsDefinition containing the passed partition key"
    (https://github.com/dagster-io/dagster/issues/17456).
    """

    def get_partition_keys_in_range(self, partition_key_range: PartitionKeyRange) -> Sequence[str]:
        """Return the keys from start to end in the order of registration, or those of a list.

        A range whose start and end are the same list of keys with commas between (`range_tags` makes such) stands for
        exactly these: Dagster itself knows only contiguous ranges, and a run of scattered classes would be many.
        """
        start, end = partition_key_range.start, partition_key_range.end
        if start != end or LIST_SEPARATOR not in start:
            return super().get_partition_keys_in_range(partition_key_range)
        keys = start.split(LIST_SEPARATOR)
        unknown = [key for key in keys if not self.has_partition_key(key)]
        if unknown:
            raise unknown_class(", ".join(unknown), self.get_partition_keys(), self.name or FRUIT_CLASS)
        return keys

    def validate_partition_key(self, partition_key: str, context: PartitionLoadingContext) -> None:
        """Accept a registered key.

        Raises:
            UnknownClassError: naming the key, the registered ones and the remedy.
        """
        with partition_loading_context(new_ctx=context):
            for key in partition_key.split(LIST_SEPARATOR):
                if not self.has_partition_key(key):
                    raise unknown_class(key, self.get_partition_keys(), self.name or FRUIT_CLASS)


fruit_class_partitions = RegisteredClasses(name=FRUIT_CLASS)
scene_partitions = RegisteredClasses(name=SCENE)
recording_partitions = RegisteredClasses(name=RECORDING)


def register_classes(instance: DagsterInstance, keys: list[str], name: str = FRUIT_CLASS) -> list[str]:
    """Add the keys of a set that are not registered yet, sorted, and return them."""
    new = sorted(set(keys) - set(instance.get_dynamic_partitions(name)))
    if new:
        instance.add_dynamic_partitions(name, new)
    return new


def classes_of_run(instance: DagsterInstance, tags: Mapping[str, str]) -> list[str]:
    """Return the classes that the tags of a run name, registered or not."""
    if PARTITION_NAME_TAG in tags:
        return [tags[PARTITION_NAME_TAG]]
    start, end = tags.get(ASSET_PARTITION_RANGE_START_TAG), tags.get(ASSET_PARTITION_RANGE_END_TAG)
    if start is None or end is None:
        return []
    with partition_loading_context(dynamic_partitions_store=instance):
        return list(fruit_class_partitions.get_partition_keys_in_range(PartitionKeyRange(start, end)))


def range_tags(instance: DagsterInstance, keys: Sequence[str], name: str = FRUIT_CLASS) -> dict[str, str]:
    """Return the tags of a run for exactly these registered keys of a set, contiguous or not."""
    return tags_for(list(instance.get_dynamic_partitions(name)), keys, name)


def tags_for(registered: Sequence[str], keys: Sequence[str], name: str = FRUIT_CLASS) -> dict[str, str]:
    """Return the same, given the registered keys in their order."""
    for key in keys:
        if key not in registered:
            raise unknown_class(key, registered, name)
    places = sorted({registered.index(key) for key in keys})
    start, end = registered[places[0]], registered[places[-1]]
    if places[-1] - places[0] + 1 != len(places):
        start = end = LIST_SEPARATOR.join(registered[place] for place in places)
    return {ASSET_PARTITION_RANGE_START_TAG: start, ASSET_PARTITION_RANGE_END_TAG: end}
