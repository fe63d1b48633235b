"""Where data lives: one address for a local folder or an S3 prefix, and the file system behind it.

Everything below the warehouse root goes through a `Location`: Parquet files, Delta logs and artefacts alike. A
location is a plain value that pickles to Spark executors; credentials are never part of it, they come from the
environment, profile or instance role of the process that opens it.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from image_assets.errors import WarehouseError

S3_SCHEME = "s3://"


@dataclass(frozen=True)
class Location:
    """A folder on local disk (absolute path) or a prefix on S3 (`s3://bucket/prefix`)."""

    uri: str

    @classmethod
    def of(cls, address: str | Path) -> "Location":
        """Return the location of a path or an s3:// address; relative paths start at the working directory."""
        text = str(address)
        if text.startswith(S3_SCHEME):
            return cls(text.rstrip("/"))
        if "://" in text:
            scheme = text.split("://", 1)[0]
            raise WarehouseError(f"{text!r} starts with {scheme}://, which is not supported: use a path or s3://")
        return cls(str(Path(text).expanduser().absolute()))

    @property
    def is_s3(self) -> bool:
        """Whether the location is on S3."""
        return self.uri.startswith(S3_SCHEME)

    @property
    def path(self) -> str:
        """The path inside `filesystem`: `bucket/prefix` on S3, the absolute path on disk."""
        return self.uri.removeprefix(S3_SCHEME)

    def join(self, *parts: str) -> "Location":
        """Return the location of a file or folder below this one."""
        return Location("/".join([self.uri, *parts]))

    @property
    def filesystem(self) -> fs.FileSystem:
        """The Arrow file system that `path` belongs to."""
        return _s3_filesystem() if self.is_s3 else fs.LocalFileSystem()

    @property
    def delta_options(self) -> dict[str, str] | None:
        """Storage options for delta-rs; credentials are found by its own AWS chain."""
        return s3_delta_options() if self.is_s3 else None

    def exists(self) -> bool:
        """Whether a file or folder is there."""
        return bool(self.filesystem.get_file_info(self.path).type != fs.FileType.NotFound)

    def read_bytes(self) -> bytes:
        """Return the content of the file here."""
        with self.filesystem.open_input_stream(self.path) as stream:
            return bytes(stream.read())

    def write_bytes(self, content: bytes) -> None:
        """Publish a file at once: a reader sees the old content or the new, never a part."""
        with self.replacing() as sink:
            sink.write(content)

    @contextmanager
    def replacing(self) -> Iterator[pa.NativeFile]:
        """Open a sink whose content appears here when the block ends without an error."""
        if self.is_s3:  # an object appears when its upload completes
            with self.filesystem.open_output_stream(self.path) as sink:
                yield sink
            return
        target = Path(self.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        try:
            with self.filesystem.open_output_stream(str(draft)) as sink:
                yield sink
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)


def s3_endpoint() -> str | None:
    """The S3 endpoint of the environment; None is AWS itself."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def s3_region() -> str:
    """The S3 region of the environment, us-east-1 where none is named."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def s3_delta_options() -> dict[str, str]:
    """Storage options of object_store, as delta-rs and obstore understand them."""
    options = {"AWS_REGION": s3_region()}
    endpoint = s3_endpoint()
    if endpoint:
        options["AWS_ENDPOINT_URL"] = endpoint
        if endpoint.startswith("http://"):
            options["AWS_ALLOW_HTTP"] = "true"
    return options


@lru_cache(maxsize=1)
def _s3_filesystem() -> fs.FileSystem:
    endpoint = s3_endpoint()
    address: dict[str, str] = {}
    if endpoint:
        parts = urlsplit(endpoint)
        address = {"scheme": parts.scheme, "endpoint_override": parts.netloc}
    return fs.S3FileSystem(region=s3_region(), connect_timeout=10, request_timeout=60, **address)
