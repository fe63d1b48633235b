"""How the package reaches executors on other machines: as a zip of itself, added to the running session.

Only the package travels. Its dependencies are on the executors already, or come as a packed environment through
`spark.archives`: see deploy/README.md.
"""

import atexit
import hashlib
import io
import shutil
import tempfile
import zipfile
from pathlib import Path

from pyspark import SparkContext

import image_assets

PACKAGE = Path(image_assets.__file__).parent
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold: the same package makes the same zip."""


def package_zip() -> bytes:
    """Return the package as a zip that Python imports from."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(PACKAGE.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                name = path.relative_to(PACKAGE.parent).as_posix()
                archive.writestr(zipfile.ZipInfo(name, EPOCH), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return sink.getvalue()


def ship_package(context: SparkContext) -> None:
    """Let the executors of a cluster import this package; on a local master they can already."""
    if str(context.master).startswith("local"):
        return
    content = package_zip()
    name = f"image_assets-{hashlib.sha256(content).hexdigest()[:12]}.zip"
    if name in (context._python_includes or []):
        return
    folder = tempfile.mkdtemp(prefix="image_assets-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # executors fetch it from here until the driver ends
    archive = Path(folder, name)
    archive.write_bytes(content)
    context.addPyFile(str(archive))
