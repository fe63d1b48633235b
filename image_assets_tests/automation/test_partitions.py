import pytest
from dagster import DagsterInstance, PartitionKeyRange
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from image_assets.automation.partitions import (
    FRUIT_CLASS,
    UnknownClassError,
    fruit_class_partitions,
    range_tags,
    register_classes,
)

CLASSES = ["Apple_Red_1", "Banana", "Cherry_2", "Kiwi"]


@pytest.fixture
def instance() -> DagsterInstance:
    instance = DagsterInstance.ephemeral()
    register_classes(instance, CLASSES)
    return instance


def keys_of(instance: DagsterInstance, tags: dict[str, str]) -> list[str]:
    """Return the partitions that Dagster sees behind the tags of a run."""
    chosen = PartitionKeyRange(tags[ASSET_PARTITION_RANGE_START_TAG], tags[ASSET_PARTITION_RANGE_END_TAG])
    with partition_loading_context(dynamic_partitions_store=instance):
        return list(fruit_class_partitions.get_partition_keys_in_range(chosen))


def test_classes_are_registered_sorted_and_once() -> None:
    instance = DagsterInstance.ephemeral()
    assert register_classes(instance, ["Kiwi", "Banana", "Kiwi"]) == ["Banana", "Kiwi"]
    assert register_classes(instance, ["Kiwi", "Banana"]) == []
    assert list(instance.get_dynamic_partitions(FRUIT_CLASS)) == ["Banana", "Kiwi"]


def test_classes_that_are_not_named_again_stay() -> None:
    instance = DagsterInstance.ephemeral()
    register_classes(instance, ["Banana", "Kiwi"])
    assert register_classes(instance, ["Apple"]) == ["Apple"]
    assert list(instance.get_dynamic_partitions(FRUIT_CLASS)) == ["Banana", "Kiwi", "Apple"]


def test_neighbours_are_a_range_that_every_tool_understands(instance: DagsterInstance) -> None:
    tags = range_tags(instance, ["Cherry_2", "Banana"])
    assert tags == {ASSET_PARTITION_RANGE_START_TAG: "Banana", ASSET_PARTITION_RANGE_END_TAG: "Cherry_2"}
    assert keys_of(instance, tags) == ["Banana", "Cherry_2"]


def test_one_class_is_a_range_of_one(instance: DagsterInstance) -> None:
    assert keys_of(instance, range_tags(instance, ["Kiwi"])) == ["Kiwi"]


def test_scattered_classes_are_a_list_of_exactly_these(instance: DagsterInstance) -> None:
    tags = range_tags(instance, ["Kiwi", "Apple_Red_1", "Cherry_2"])
    assert set(tags.values()) == {"Apple_Red_1,Cherry_2,Kiwi"}
    assert keys_of(instance, tags) == ["Apple_Red_1", "Cherry_2", "Kiwi"]


def test_a_range_follows_the_order_of_registration(instance: DagsterInstance) -> None:
    register_classes(instance, ["Avocado"])
    assert keys_of(instance, range_tags(instance, ["Avocado", "Kiwi"])) == ["Kiwi", "Avocado"]
    assert keys_of(instance, range_tags(instance, ["Avocado", "Apple_Red_1"])) == ["Apple_Red_1", "Avocado"]


def test_a_list_with_an_unknown_class_names_it(instance: DagsterInstance) -> None:
    tags = dict.fromkeys((ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG), "Kiwi,Fig,Banana,Date")
    with pytest.raises(UnknownClassError, match="fruit_class 'Fig, Date' is not registered"):
        keys_of(instance, tags)


def test_the_error_lists_the_first_twenty_classes() -> None:
    instance = DagsterInstance.ephemeral()
    register_classes(instance, [f"class_{i:02}" for i in range(25)])
    tags = dict.fromkeys((ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG), "class_00,Fig")
    with pytest.raises(UnknownClassError, match=r"Registered: class_00, .*, class_19 and 5 more\. Register what"):
        keys_of(instance, tags)


def test_the_error_says_so_where_nothing_is_registered() -> None:
    tags = dict.fromkeys((ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG), "Fig,Kiwi")
    with pytest.raises(UnknownClassError, match=r"Registered: none\. Register what .*image-assets classes --register"):
        keys_of(DagsterInstance.ephemeral(), tags)


def test_tags_for_an_unknown_class_say_how_it_is_registered(instance: DagsterInstance) -> None:
    with pytest.raises(UnknownClassError, match="'Fig' is not registered"):
        range_tags(instance, ["Kiwi", "Fig"])


def test_a_class_that_is_named_twice_is_one(instance: DagsterInstance) -> None:
    assert keys_of(instance, range_tags(instance, ["Kiwi", "Kiwi"])) == ["Kiwi"]
