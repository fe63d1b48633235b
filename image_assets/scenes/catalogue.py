"""Which scenes there are: files in a folder or bucket, and generated ones by name.

The key of a scene is the path of its file below the folder, `/` as `--` and white space as `_`; a generated scene is
its own key. Nothing here decodes pixels.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from pyarrow import fs

from image_assets.errors import ImageAssetsError, SettingsError, SourceError
from image_assets.s3.connection import S3Connection
from image_assets.tiles.generated import GeneratedScene
from image_assets.tiles.geometry import TileGrid
from image_assets.tiles.readers import open_scene
from image_assets.tiles.scene import SceneInfo, SceneReader
from image_assets.vision.labels import problem_of_key
from image_assets.warehouse.location import Location

SCENE_SUFFIXES = frozenset({".tif", ".tiff", ".btf", ".jpg", ".jpeg", ".png"})
GENERATED = "generated_"
SEPARATOR = ","
NO_SCENES = "set IMAGE_ASSETS_SCENES to a folder with TIFF, JPEG or PNG files, or to names of generated scenes"


@dataclass(frozen=True)
class SceneEntry:
    """A scene that was found; a small value that pickles to Spark executors.

    Attributes:
        key: its partition key.
        address: path or s3:// address of the file, or the name of a generated scene.
        size_bytes: of the file; 0 for a generated scene.
        decode_bytes: what may be decoded at once where the format leaves no other way.
        s3: how S3 is reached; as the settings say by default.
        modified: when the file was last changed; None for a generated scene.
    """

    key: str
    address: str
    size_bytes: int
    decode_bytes: int
    s3: S3Connection | None = None
    modified: datetime | None = None

    @property
    def version(self) -> tuple[str, int, str]:
        """What tells a scene from the one that had its key before, without reading it."""
        return self.address, self.size_bytes, str(self.modified)

    @contextmanager
    def open(self) -> Iterator[SceneReader]:
        """Open the scene for as long as the block runs.

        Raises:
            SourceError: The file cannot be read or is no TIFF, PNG or JPEG.
        """
        if self.address.startswith(GENERATED):
            yield open_scene(self.address)
            return
        location = Location.of(self.address, self.s3)
        if not location.is_s3:
            with closing(open_scene(Path(location.path), self.decode_bytes)) as reader:
                yield reader
            return
        with (
            location.open_input() as file,
            closing(open_scene(file, self.decode_bytes)) as reader,
        ):
            yield reader

    def describe(self) -> SceneInfo:
        """Return size and kind.

        Raises:
            SourceError: As `open`.
        """
        with self.open() as reader:
            return reader.describe()

    def grid(self, tile_size: int) -> TileGrid:
        """Return how the scene is cut into tiles.

        Raises:
            SourceError: As `open`.
        """
        info = self.describe()
        return TileGrid(self.key, info.width, info.height, tile_size)


@dataclass(frozen=True)
class SceneCatalogue:
    """Folders, buckets and generated scenes.

    Attributes:
        address: with commas between; each a folder, an s3:// address or the name of a generated scene.
        decode_bytes: what may be decoded at once where a format leaves no other way.
        s3: how S3 is reached; as the settings say by default.
    """

    address: str
    decode_bytes: int = 1 << 30
    s3: S3Connection | None = None

    def entries(self) -> dict[str, SceneEntry]:
        """Return every scene by its key, sorted.

        Raises:
            SettingsError: A name describes no generated scene, or two files would have the same key.
            SourceError: A folder cannot be listed.
        """
        found: dict[str, SceneEntry] = {}
        for part in filter(None, (text.strip() for text in self.address.split(SEPARATOR))):
            for entry in self._entries_of(part):
                other = found.setdefault(entry.key, entry)
                if other.address != entry.address:
                    raise SettingsError(
                        f"{other.address} and {entry.address} would both be the scene {entry.key!r}: rename one"
                    )
        return dict(sorted(found.items()))

    def lookup(self) -> Callable[[str], SceneEntry]:
        """Return a function that finds the scene of a key; the source is listed once, now.

        The function raises SourceError where there is no scene of the key any more.

        Raises:
            SettingsError: As `entries`.
            SourceError: As `entries`.
        """
        entries = self.entries()

        def entry(key: str) -> SceneEntry:
            if key not in entries:
                raise SourceError(
                    f"{self.address} holds no scene {key!r} any more; what the warehouse has of it is kept: leave the "
                    f"scene out of the run, or bring it back"
                )
            return entries[key]

        return entry

    def describe_all(self) -> tuple[dict[str, SceneInfo], dict[str, str]]:
        """Return size and kind of every scene that can be opened, and why the others cannot."""
        known, reasons = {}, {}
        for key, entry in self.entries().items():
            try:
                known[key] = entry.describe()
            except (ImageAssetsError, OSError) as error:
                reasons[key] = str(error)
        return known, reasons

    def _entries_of(self, part: str) -> Iterator[SceneEntry]:
        if part.startswith(GENERATED):
            yield SceneEntry(GeneratedScene.from_name(part).name, part, 0, self.decode_bytes)
            return
        root = Location.of(part, self.s3)
        selector = fs.FileSelector(root.path, recursive=True)
        try:
            files = root.filesystem.get_file_info(selector)
        except OSError as error:
            raise SourceError(f"the folder of scenes {part!r} cannot be listed ({error}): {NO_SCENES}") from error
        for file in files:
            relative = PurePosixPath(file.path).relative_to(root.path)
            visible = not any(name.startswith(".") for name in relative.parts)
            if file.type == fs.FileType.File and visible and relative.suffix.lower() in SCENE_SUFFIXES:
                key = scene_key(str(relative))
                yield SceneEntry(key, root.join(str(relative)).uri, file.size, self.decode_bytes, self.s3, file.mtime)


def scene_key(relative_path: str) -> str:
    """Return the partition key of a file: safe in Dagster, in a path and in SQL strings.

    Raises:
        SourceError: The name cannot become a key, as with a comma in it.
    """
    key = re.sub(r"\s+", "_", re.sub(r"/+", "--", relative_path))
    problem = problem_of_key(key)
    if problem:
        raise SourceError(f"the file {relative_path!r} cannot be a scene because its name {problem}: rename it")
    return key
