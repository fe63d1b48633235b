"""Asset `fruit_classes`: what the source holds, registered as partitions."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from dagster import AssetExecutionContext, DataVersion, MaterializeResult, MetadataValue, TableRecord, asset

from image_assets.assets.fruits.declaration import unpartitioned
from image_assets.assets.settled import no_vain_retries
from image_assets.automation.partitions import register_classes
from image_assets.resources.source import ImageSourceResource
from image_assets.vision.sources import folders_of_classes


@asset(**unpartitioned({"dagster"}, code_version="1"))
@no_vain_retries
def fruit_classes(context: AssetExecutionContext, source: ImageSourceResource) -> MaterializeResult:
    """The classes of the source: each folder that directly contains pictures. Registers them as partitions.

    Lists folders, not pictures. A class that is gone from the source stays registered and keeps its data.
    """
    images = source.open()
    folders = folders_of_classes(images)
    metadata, version = describe_classes(images.address, folders, register_classes(context.instance, list(folders)))
    return MaterializeResult(metadata=metadata, data_version=version)


def describe_classes(
    address: str, folders: Mapping[str, Sequence[str]], new: Sequence[str]
) -> tuple[dict[str, Any], DataVersion]:
    """Return metadata and data version of the registration of the classes of a source.

    Args:
        address: of the source.
        folders: of each class.
        new: classes that were not registered before.
    """
    rows = [TableRecord({"fruit_class": key, "folders": ", ".join(names)}) for key, names in folders.items()]
    metadata = {
        "source": address,
        "n_classes": len(folders),
        "n_new_classes": len(new),
        "classes": MetadataValue.table(rows),
    }
    return metadata, DataVersion(hashlib.sha256(json.dumps(dict(folders)).encode()).hexdigest())
