"""Where exports live and how one replaces the one before it: files for readers that know no Delta.

Each export is a folder of its own, `<root>/<version>`, that nobody reads while it is written. When it is complete, one
small object, `<root>/latest.json`, names it: that write is the switch, on disk (a rename) as on S3 (an object appears
whole). A local folder has a link `latest` besides, so that a path stays the same. The export before is kept for those
who are reading it, until the next one; what is older goes. A run that fails leaves `latest.json` as it was.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyarrow import fs

from image_assets.errors import WarehouseError
from image_assets.warehouse.location import Location

POINTER = "latest.json"
LINK = "latest"


@dataclass(frozen=True)
class Export:
    """The exports of one table, of which one is the latest.

    Attributes:
        name: of the exported table, and of the files.
        root: folder or prefix that holds the versions and the pointer.
    """

    name: str
    root: Location

    def latest(self) -> dict[str, Any]:
        """Return what is known of the latest export.

        Raises:
            WarehouseError: if there is none.
        """
        found = self._pointed()
        if found is None:
            raise WarehouseError(f"{self.name} was not exported to {self.root.uri} yet: materialize {self.name}_export")
        return found

    def address(self, file_format: str) -> str:
        """Return the path or s3:// address of the latest export in a format, for `pandas.read_parquet` or `read_csv`.

        Raises:
            WarehouseError: if there is none in this format.
        """
        files = self.latest()["files"]
        if file_format not in files:
            raise WarehouseError(
                f"{self.name} was exported as {', '.join(files)}, not as {file_format}: set "
                "IMAGE_ASSETS_EXPORT_FORMATS and materialize the export again"
            )
        return self.root.join(files[file_format]).uri

    def draft(self) -> Location:
        """Return the folder of a new version; it counts for nothing until it is published."""
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        return self.root.join(f"{now}-{uuid.uuid4().hex[:8]}")

    def publish(self, draft: Location, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Make a complete draft the latest export, and remove those older than the one that it replaces.

        Returns:
            The manifest with the version.
        """
        before = self._pointed()
        version = draft.uri.rsplit("/", 1)[-1]
        published = {"version": version, **manifest}
        self.root.join(POINTER).write_bytes(json.dumps(published, indent=2).encode())
        if not self.root.is_s3:
            link = Path(self.root.path, f".{LINK}.{uuid.uuid4().hex}")
            link.symlink_to(version)
            link.replace(Path(self.root.path, LINK))
        if before is not None:
            self._remove_older_than(before["version"])
        return published

    def discard(self, draft: Location) -> None:
        """Remove a draft that will not be published."""
        if draft.filesystem.get_file_info(draft.path).type != fs.FileType.NotFound:
            draft.filesystem.delete_dir(draft.path)

    def _pointed(self) -> dict[str, Any] | None:
        pointer = self.root.join(POINTER)
        return json.loads(pointer.read_bytes()) if pointer.exists() else None

    def _remove_older_than(self, version: str) -> None:
        """Remove the versions before this one; a draft of another run is younger than any published version it saw."""
        found = self.root.filesystem.get_file_info(fs.FileSelector(self.root.path))
        for info in found:
            name = info.base_name
            if info.type == fs.FileType.Directory and name not in {LINK, version} and name < version:
                self.root.filesystem.delete_dir(info.path)
