"""Asset `scenes`: which very large pictures there are, registered as partitions."""

import hashlib
import json
from dataclasses import asdict

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
from image_assets.assets.scenes.declaration import GROUP
from image_assets.assets.settled import no_vain_retries, retry_policy
from image_assets.automation.partitions import SCENE, register_classes
from image_assets.errors import SourceError
from image_assets.resources.scenes import SceneResource
from image_assets.scenes.catalogue import NO_SCENES
from image_assets.tiles.scene import SceneInfo

SPEC = AssetSpec(
    "scenes",
    description="""The scenes of the source: picture files of a folder, and generated scenes by name. Registers them as
    partitions.

    Reads headers, not pixels. A file that cannot be opened is listed with the reason and not registered; a scene that
    is gone from the source stays registered and keeps its data.
    """,
    group_name=GROUP,
    owners=OWNERS,
    kinds={"dagster"},
    code_version="1",
)


# The job of the chain is named `scenes`, too, and Dagster wants the names of jobs and ops to differ.
@multi_asset(name="register_scenes", specs=[SPEC], pool=POOL, retry_policy=retry_policy())
@no_vain_retries
def scenes(context: AssetExecutionContext, scenes_source: SceneResource) -> MaterializeResult:
    """Find the scenes and register them."""
    catalogue = scenes_source.catalogue
    known, reasons = catalogue.describe_all()
    if not known and not reasons:
        raise SourceError(f"{catalogue.address} holds no scene: {NO_SCENES}")
    for key, reason in reasons.items():
        context.log.warning(f"{key} is not registered: {reason}")
    new = register_classes(context.instance, list(known), SCENE)
    described = {key: _described(info) for key, info in known.items()}
    rows = [TableRecord({"scene": key, **info}) for key, info in described.items()]
    broken = [TableRecord({"scene": key, "reason": reason}) for key, reason in reasons.items()]
    return MaterializeResult(
        metadata={
            "source": catalogue.address,
            "n_scenes": len(known),
            "n_new_scenes": len(new),
            "n_unreadable": len(reasons),
            **({"scenes": MetadataValue.table(rows)} if rows else {}),
            **({"unreadable": MetadataValue.table(broken)} if broken else {}),
        },
        data_version=DataVersion(hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()),
    )


def _described(info: SceneInfo) -> dict[str, str | int]:
    return {**asdict(info), "dtype": str(info.dtype), "access": info.access.value}
