"""Where data lives: one address for a local folder or an S3 prefix, and what is done with the files there.

Everything below the warehouse root goes through a `Location`: Parquet files, Delta logs and artefacts alike. A
location is a plain value that pickles to Spark executors. How S3 is reached goes with it; credentials do not, unless
they were handed over explicitly: each process finds its own by the standard AWS chain.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from image_assets.errors import WarehouseError
from image_assets.s3.connection import SCHEME, S3Connection, split_address, standard_connection
from image_assets.s3.probe import check_bucket
from image_assets.s3.refusals import explained


@dataclass(frozen=True)
class Location:
    """A folder on local disk (absolute path) or a prefix on S3 (`s3://bucket/prefix`).

    Attributes:
        uri: the path or the address.
        s3: how S3 is reached; None on local disk.
    """

    uri: str
    s3: S3Connection | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.s3 is None and self.uri.startswith(SCHEME):
            object.__setattr__(self, "s3", standard_connection())

    @classmethod
    def of(cls, address: str | Path, s3: S3Connection | None = None) -> "Location":
        """Return the location of a path or an s3:// address; relative paths start at the working directory.

        Args:
            address: path or s3://bucket/prefix.
            s3: how S3 is reached; as the settings say by default.
        """
        text = str(address)
        if text.startswith(SCHEME):
            bucket, key = split_address(text)
            connection = standard_connection() if s3 is None else s3.resolved()
            return cls(f"{SCHEME}{bucket}/{key}".rstrip("/"), connection)
        if "://" in text:
            scheme = text.split("://", 1)[0]
            raise WarehouseError(f"{text!r} starts with {scheme}://, which is not supported: use a path or s3://")
        return cls(str(Path(text).expanduser().absolute()))

    @property
    def is_s3(self) -> bool:
        """Whether the location is on S3."""
        return self.s3 is not None

    @property
    def path(self) -> str:
        """The path inside `filesystem`: `bucket/prefix` on S3, the absolute path on disk."""
        return self.uri.removeprefix(SCHEME)

    @property
    def filesystem(self) -> fs.FileSystem:
        """The Arrow file system that `path` belongs to: for listing and removing whole folders."""
        return fs.LocalFileSystem() if self.s3 is None else self.s3.arrow_filesystem()

    def join(self, *parts: str) -> "Location":
        """Return the location of a file or folder below this one."""
        return Location("/".join([self.uri, *parts]), self.s3)

    @property
    def delta_options(self) -> dict[str, str] | None:
        """Storage options for delta-rs, with the credentials of this process; None on local disk."""
        return None if self.s3 is None else self.s3.delta_options()

    def check(self) -> None:
        """Make sure that S3 lets us in, before work depends on it; a local folder needs no such thing.

        Raises:
            S3Error: naming what is refused and the remedy, within seconds.
        """
        if self.s3 is not None:
            check_bucket(self.s3, self.uri)

    def exists(self) -> bool:
        """Whether a file or folder is there; on S3 a folder is there if anything is in it."""
        if self.s3 is None:
            return Path(self.uri).exists()
        bucket, key = split_address(self.uri)
        store = self.s3.store(bucket)
        with explained(self.uri):
            try:
                store.head(key)
            except FileNotFoundError:
                return bool(next(iter(store.list(f"{key}/", chunk_size=1)), []))
        return True

    def make_folder(self) -> None:
        """Create the folder here, with those above it; on S3 there is nothing to create."""
        if self.s3 is None:
            Path(self.uri).mkdir(parents=True, exist_ok=True)

    def delete(self) -> None:
        """Remove the file here; one that is gone already is no error."""
        if self.s3 is None:
            Path(self.uri).unlink(missing_ok=True)
            return
        bucket, key = split_address(self.uri)
        with explained(self.uri):
            self.s3.store(bucket).delete(key)

    def open_input(self) -> pa.NativeFile:
        """Open the file here for reading at any position; local files are mapped into memory."""
        if self.s3 is None:
            return pa.memory_map(self.uri)
        from image_assets.s3.objects import ObjectReader

        bucket, key = split_address(self.uri)
        return pa.PythonFile(ObjectReader(self.s3.store(bucket), key, self.uri), mode="r")

    def open_unmapped(self) -> pa.NativeFile:
        """Open the file here as `open_input` does, unmapped: mapped pages would count as memory of the process."""
        return pa.OSFile(self.uri, mode="rb") if self.s3 is None else self.open_input()

    def open_output(self) -> pa.NativeFile:
        """Open a file here for writing; on S3 it appears when it is closed."""
        if self.s3 is None:
            return pa.OSFile(self.uri, mode="wb")
        from image_assets.s3.objects import ObjectWriter

        bucket, key = split_address(self.uri)
        return pa.PythonFile(ObjectWriter(self.s3.store(bucket), key, self.uri), mode="w")

    def read_bytes(self) -> bytes:
        """Return the content of the file here."""
        if self.s3 is None:
            return Path(self.uri).read_bytes()
        bucket, key = split_address(self.uri)
        with explained(self.uri):
            return bytes(self.s3.store(bucket).get(key).bytes())

    def write_bytes(self, content: bytes, content_type: str | None = None) -> None:
        """Publish a file at once: a reader sees the old content or the new, never a part.

        Args:
            content: of the file.
            content_type: what S3 tells browsers that it is; a file on disk has none.
        """
        with self.replacing(content_type) as sink:
            sink.write(content)

    @contextmanager
    def replacing(self, content_type: str | None = None) -> Iterator[pa.NativeFile]:
        """Open a sink whose content appears here when the block ends without an error."""
        if self.s3 is not None:
            from image_assets.s3.objects import ObjectWriter

            bucket, key = split_address(self.uri)
            writer = ObjectWriter(self.s3.store(bucket), key, self.uri, content_type)
            try:
                yield pa.PythonFile(writer, mode="w")
            except BaseException:
                writer.abandon()
                raise
            writer.close()
            return
        target = Path(self.uri)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        try:
            with pa.OSFile(str(draft), mode="wb") as sink:
                yield sink
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
