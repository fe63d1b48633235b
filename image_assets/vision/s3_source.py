"""Pictures in a bucket: listed in pages, a class at a time, and read many at once.

The folders of a bucket are the parts of its keys between slashes. A listing is pages of a thousand keys, fetched by
obstore for 3 ms of CPU each and held as 80 bytes per key. obstore gives up on a folder where one name has a control
character; such a folder is listed by boto3, which takes any name, and 80 ms per page.
"""

import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import pyarrow as pa
from obstore.exceptions import InvalidPathError

from image_assets.s3.connection import S3Connection, split_address
from image_assets.s3.probe import check_bucket
from image_assets.s3.refusals import explained
from image_assets.vision.sources import LISTINGS_AT_ONCE, FolderPage, ImageFile, group_by_class, is_image

PAGE_KEYS = 1000
MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Page:
    """A part of the listing of a folder.

    Attributes:
        objects: directly in it: name, size in bytes, time of change, ETag.
        folders: names of those directly in it.
    """

    objects: Sequence[tuple[str, int, datetime, str | None]]
    folders: Sequence[str]


@dataclass(frozen=True)
class S3Source:
    """Pictures below an s3:// address.

    Attributes:
        root: s3://bucket/prefix.
        connection: how S3 is reached.
    """

    root: str
    connection: S3Connection = field(repr=False)

    @property
    def address(self) -> str:
        """The s3:// address."""
        return self.root

    def check(self) -> None:
        """Raise an S3Error if S3 refuses, within seconds."""
        check_bucket(self.connection, self.root)

    def class_folders(self) -> dict[str, list[str]]:
        """Find the folders that directly hold pictures, at any depth, several listings at a time.

        Raises:
            S3Error: if S3 refuses, within seconds.
            SourceError: if a folder cannot be a class.
        """
        self.check()
        found: list[str] = []
        level = [""]
        with ThreadPoolExecutor(LISTINGS_AT_ONCE) as pool:
            while level:
                answers = list(pool.map(self._holds_pictures, level))
                found += [folder for folder, (holds, _) in zip(level, answers, strict=True) if holds]
                level = [folder for _, below in answers for folder in below]
        return group_by_class(found, self.root.rsplit("/", 1)[-1])

    def _holds_pictures(self, folder: str) -> tuple[bool, list[str]]:
        """Tell whether a folder directly holds pictures, and which folders it holds."""
        holds, below = False, []
        for page in self._pages(folder):
            holds = holds or any(is_image(name) for name, _, _, _ in page.objects)
            below += [f"{folder}/{name}" if folder else name for name in page.folders if not name.startswith(".")]
        return holds, below

    def files(self, folder: str) -> Iterator[ImageFile]:
        """List the pictures directly in a folder, sorted by name."""
        for page in self.look_into(folder):
            yield from page.files

    def look_into(self, folder: str) -> Iterator[FolderPage]:
        """Yield what is directly in a folder, a page at a time."""
        before = f"{folder}/" if folder else ""
        for page in self._pages(folder):
            files = [
                ImageFile(before + name, size, changed_us(modified, etag))
                for name, size, modified, etag in page.objects
                if is_image(name)
            ]
            yield FolderPage(files, [before + name for name in page.folders if not name.startswith(".")])

    def _pages(self, folder: str) -> Iterator[Page]:
        bucket, key = split_address(self.root)
        prefix = "".join(f"{part}/" for part in (key, folder) if part)
        with explained(self.root):
            try:
                found = self.connection.store(bucket).list_with_delimiter(prefix, return_arrow=True)
            except InvalidPathError:
                yield from _pages_of_any_names(self.connection, bucket, prefix)
                return
            folders = [_last_part(path) for path in found["common_prefixes"]]
            objects = pa.table(found["objects"]).select(["path", "size", "last_modified", "e_tag"])
            yield Page((), folders)
            for batch in objects.to_batches(max_chunksize=PAGE_KEYS):
                paths, *others = (column.to_pylist() for column in batch.columns)
                yield Page(list(zip(map(_last_part, paths), *others, strict=True)), ())

    def read(self, path: str) -> bytes:
        """Read an object.

        Raises:
            OSError: it is gone, or cannot be addressed.
            S3Error: S3 refuses; or does not answer, which another attempt may cure (`S3UnavailableError`).
        """
        bucket, key = split_address(self.root)
        store = self.connection.store(bucket)
        with explained(f"{self.root}/{path}"):
            try:
                return bytes(store.get(f"{key}/{path}" if key else path).bytes())
            except ValueError as error:
                raise OSError("the name holds a character that cannot be requested") from error
            except FileNotFoundError as error:
                raise FileNotFoundError("the object is gone") from error

    def read_many(self, paths: Sequence[str]) -> Iterator[bytes | OSError]:
        """Read objects, several at a time: the content of each in order, or why it cannot be read."""
        with ThreadPoolExecutor(self.connection.concurrent_reads) as pool:
            yield from pool.map(partial(_read_or_error, self), paths)


def _read_or_error(source: S3Source, path: str) -> bytes | OSError:
    try:
        return source.read(path)
    except OSError as error:
        return error


def _pages_of_any_names(connection: S3Connection, bucket: str, prefix: str) -> Iterator[Page]:
    """List a folder whose names are not all what obstore takes for a path."""
    pages = connection.client().get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/", PaginationConfig={"PageSize": PAGE_KEYS}):
        objects = [
            (_last_part(item["Key"]), item["Size"], item["LastModified"], item["ETag"])
            for item in page.get("Contents", [])
        ]
        folders = (_last_part(item["Prefix"].rstrip("/")) for item in page.get("CommonPrefixes", []))
        yield Page(objects, [name for name in folders if name])


def changed_us(modified: datetime, etag: str | None) -> int:
    """Return when an object was changed, in microseconds since the epoch, with its ETag below the second.

    Listings tell whole seconds. What replaces an object within the second has another ETag, and so another time here.
    """
    return int(modified.timestamp()) * MICROSECONDS + zlib.crc32((etag or "").encode()) % MICROSECONDS


def _last_part(key: str) -> str:
    return key.rsplit("/", 1)[-1]
