"""The sources of the chains, the warehouse and the exports."""

import tempfile
import uuid
from pathlib import Path

from image_assets.diagnosis.finding import Finding
from image_assets.diagnosis.machine import existing_parent
from image_assets.errors import SourceError
from image_assets.recordings.listing import find_recordings
from image_assets.recordings.options import read_sidecar
from image_assets.s3.connection import standard_connection
from image_assets.scenes.catalogue import NO_SCENES, SceneCatalogue
from image_assets.settings import Settings
from image_assets.vision.sources import folders_of_classes, open_source
from image_assets.warehouse.location import Location
from image_assets.warehouse.parquet import MEBIBYTE
from image_assets.warehouse.warehouse import Warehouse

LISTED = 3


def source(settings: Settings) -> Finding:
    """List the classes of the source, and the pictures of the first of them."""
    images = open_source(settings.source)
    folders = folders_of_classes(images)
    names = list(folders)
    first = next((file for folder in folders[names[0]] for file in images.files(folder)), None)
    if first is not None and first.size:
        images.read(first.path)
    return Finding("source", "ok", f"{images.address}: {len(names):,} classes ({_shown(names)})")


def scenes(settings: Settings) -> Finding:
    """Open each scene, as a run would."""
    if "scenes" not in settings.model_fields_set and not Path(settings.scenes).is_dir():
        return Finding("scenes", "warn", f"{settings.scenes} is no folder: a run leaves them out", NO_SCENES)
    known, reasons = SceneCatalogue(settings.scenes, settings.scenes_decode_mib * MEBIBYTE).describe_all()
    if reasons:
        consequence = "a run leaves them out" if known else "none can be opened, so that their chain fails"
        return Finding("scenes", "warn", "; ".join(reasons.values()), f"repair them; {consequence}")
    if not known:
        return Finding("scenes", "warn", f"{settings.scenes} holds no scene: a run leaves them out", NO_SCENES)
    return Finding("scenes", "ok", f"{settings.scenes}: {_shown(list(known))}")


def recordings(settings: Settings) -> Finding:
    """List the recordings, and read what each says of itself."""
    root = Path(settings.recordings)
    if not root.is_dir():
        remedy = "set IMAGE_ASSETS_RECORDINGS to a folder of this machine"
        return Finding("recordings", "warn", f"{settings.recordings} is no folder: a run leaves them out", remedy)
    found = find_recordings(root)
    for path in found.values():
        read_sidecar(path)
    return Finding("recordings", "ok", f"{root}: {_shown(list(found))}")


def expected_bytes(settings: Settings) -> int:
    """Return how much a run over all pictures of the source writes at most; 0 if the source cannot be listed."""
    try:
        images = open_source(settings.source)
        files = [
            file for folders in images.class_folders().values() for folder in folders for file in images.files(folder)
        ]
    except (SourceError, OSError):
        return 0
    return sum(file.size for file in files) + len(files) * settings.frame_size**2 * 3


def warehouse(settings: Settings) -> Finding:
    """Write a small file where the tables are, or would be, and remove it."""
    root = Location.of(settings.warehouse)
    refused = _refused("warehouse", root)
    if refused:
        return refused
    tables = sum(item.rows > 0 for item in Warehouse.at(root.uri).table("raw_images").counts().values())
    return Finding("warehouse", "ok", f"{root.uri} can be written, {tables:,} classes in it")


def exports(address: str) -> Finding:
    """Write a small file where the exports are, or would be, and remove it."""
    root = Location.of(address)
    return _refused("exports", root) or Finding("exports", "ok", f"{root.uri} can be written")


def _refused(name: str, root: Location) -> Finding | None:
    try:
        _write_probe(root)
    except OSError as error:
        remedy = f"give this user the right to write there, or set IMAGE_ASSETS_{name.upper()} to another folder"
        return Finding(name, "fail", f"{root.uri} cannot be written ({error.strerror or error})", remedy)
    return None


def _shown(names: list[str]) -> str:
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")


def _write_probe(root: Location) -> None:
    if not root.is_s3:
        with tempfile.NamedTemporaryFile(dir=existing_parent(Path(root.path)), prefix=".image-assets-doctor-"):
            return
    location = root.join(f".image-assets-doctor-{uuid.uuid4().hex}")
    location.write_bytes(b"")
    location.delete()


def s3(addresses: list[str]) -> Finding:
    """Find credentials in the standard AWS chain and list an object of each address.

    Args:
        addresses: the s3:// addresses of the settings.

    Raises:
        S3Error: naming what is refused and the remedy.
    """
    for address in addresses:
        Location.of(address).check()
    connection = standard_connection()
    where = f"{connection.endpoint or 'AWS'}, region {connection.region}"
    return Finding("S3", "ok", f"{', '.join(addresses)} at {where}")
