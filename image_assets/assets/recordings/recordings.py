"""Asset `recordings`: what the source holds, registered as partitions."""

import hashlib
import json
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetSpec,
    DataVersion,
    MaterializeResult,
    MetadataValue,
    TableRecord,
    multi_asset,
)

from image_assets.assets.fruits.declaration import OWNERS, POOL
from image_assets.assets.recordings.declaration import GROUP
from image_assets.assets.settled import no_vain_retries, retry_policy
from image_assets.automation.partitions import RECORDING, register_classes
from image_assets.recordings.options import publish_options, read_sidecar
from image_assets.resources.recordings import RecordingsResource
from image_assets.resources.warehouse import WarehouseResource

SPEC = AssetSpec(
    "recordings",
    description="""The recordings of the source: each folder of volumes, multi-page file or array. Registers them as
    partitions.

    Keeps what each `recording.json` says, such as the period of the stimulus. Opens no volume. A recording that is gone
    from the source stays registered and keeps its data.
    """,
    group_name=GROUP,
    owners=OWNERS,
    kinds={"dagster"},
    code_version="1",
)


# The job of the chain is named `recordings`, too, and Dagster wants the names of jobs and ops to differ.
@multi_asset(name="register_recordings", specs=[SPEC], pool=POOL, retry_policy=retry_policy())
@no_vain_retries
def recordings(
    context: AssetExecutionContext, recordings_source: RecordingsResource, warehouse: WarehouseResource
) -> MaterializeResult[Any]:
    """Find the recordings, register them and keep what they say of themselves."""
    paths, opened = recordings_source.paths(), warehouse.open()
    own = {name: read_sidecar(path) for name, path in paths.items()}
    digest = publish_options(opened.artifacts, own, opened.table("recording_frames").counts())
    new = register_classes(context.instance, list(paths), RECORDING)
    rows = [
        TableRecord({"recording": name, "source": path.name, "options": json.dumps(own[name])})
        for name, path in paths.items()
    ]
    text = json.dumps([sorted(paths), digest])
    return MaterializeResult(
        metadata={
            "source": recordings_source.address,
            "n_recordings": len(paths),
            "n_new_recordings": len(new),
            "recordings": MetadataValue.table(rows),
        },
        data_version=DataVersion(hashlib.sha256(text.encode()).hexdigest()),
    )
