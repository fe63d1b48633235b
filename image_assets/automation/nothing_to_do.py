"""Whether a nightly run would find nothing to compute: told from listings, settings, logs of tables and earlier runs.

See https://docs.dagster.io/guides/automate/schedules.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from dagster import DagsterInstance, DagsterRunStatus, RunRecord

from image_assets import __version__
from image_assets.automation.freshness import warn_window
from image_assets.automation.tags import NIGHT_TAG
from image_assets.fruits.folders import listing_fingerprint
from image_assets.fruits.status import Expected, class_statuses
from image_assets.settings import Settings
from image_assets.vision.backbones.export import features_prefix
from image_assets.vision.backbones.registry import get_backbone
from image_assets.vision.sources import ImageSource
from image_assets.warehouse.warehouse import Warehouse

LISTING_SECONDS = 30.0
"""Dagster gives a tick a minute; a source that takes longer to list gets its run every night, and several looks."""
RUNS_LOOKED_AT = 100
BESIDE = ("vacuum", "imagenet", "scenes", "recordings")
"""Jobs that leave the fruits chain as it is."""


@dataclass(frozen=True)
class Night:
    """What a nightly run is about to bring up to date.

    Attributes:
        settings: of the project.
        source: of the pictures.
        folders: of each class of the run.
    """

    settings: Settings
    source: ImageSource
    folders: Mapping[str, Sequence[str]]

    @cached_property
    def digest(self) -> str:
        """Of the listing, the settings and the version of the package; empty if the listing takes too long or fails."""
        try:
            listing = listing_fingerprint(self.source, self.folders, LISTING_SECONDS)
        except OSError:  # the run will say which folder cannot be listed, and why
            return ""
        text = "\n".join((listing, self.settings.model_dump_json(), __version__))
        return hashlib.blake2s(text.encode(), digest_size=10).hexdigest() if listing else ""

    def nothing_to_do(self, instance: DagsterInstance, warehouse: Warehouse, now: datetime) -> str | None:
        """Return why a run would compute nothing; None if it would, or if that cannot be told.

        The last run was a nightly one that succeeded and was asked for the same; no picture waits to be read again;
        and every class is fresh by the logs of the tables, as in `image-assets status`. Where the assets would count
        as overdue before the next night, a run is wanted all the same.
        """
        last = _last_run(instance)
        if last is None or not self._is_same(last) or self._overdue_soon(last, now):
            return None
        counts = warehouse.table("raw_images").counts(self.folders)
        if any(found.failures("read_error") for found in counts.values()):
            return None
        backbone, settings = get_backbone(self.settings.backbone), self.settings
        features = features_prefix(backbone, settings.feature_form, settings.engine_precision)
        statuses = class_statuses(warehouse, Expected.of(warehouse, features))
        fresh = {item.partition for item in statuses if item.state == "fresh"}
        if not set(self.folders) <= fresh:
            return None
        return f"nothing new in {len(self.folders)} classes since run {last.dagster_run.run_id}, which succeeded"

    def _is_same(self, last: RunRecord) -> bool:
        run = last.dagster_run
        return run.status == DagsterRunStatus.SUCCESS and bool(self.digest) and run.tags.get(NIGHT_TAG) == self.digest

    def _overdue_soon(self, last: RunRecord, now: datetime) -> bool:
        """Whether the assets would be, at a next tick that comes as long after this one as this one after the run."""
        return 2 * (now - last.create_timestamp.replace(tzinfo=UTC)) >= warn_window(self.settings)


def _last_run(instance: DagsterInstance) -> RunRecord | None:
    """Return the last run that can have touched the fruits chain."""
    records = instance.get_run_records(limit=RUNS_LOOKED_AT)
    return next((record for record in records if record.dagster_run.job_name not in BESIDE), None)
