"""Pictures in a bucket: listed in pages, a class at a time, and read many at once.

The folders of a bucket are the parts of its keys between slashes. Listings go through boto3: a page is a thousand keys,
and any key comes through, where obstore gives up on a folder with one control character in a name.
"""

import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from botocore.client import BaseClient

from image_assets.s3.connection import S3Connection, split_address
from image_assets.s3.probe import check_bucket
from image_assets.s3.refusals import explained
from image_assets.vision.sources import ImageFile, group_by_class, is_image

PAGE_KEYS = 1000
LISTINGS_AT_ONCE = 8
MICROSECONDS = 1_000_000


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

    def class_folders(self) -> dict[str, list[str]]:
        """Find the folders that directly hold pictures, at any depth, several listings at a time.

        Raises:
            S3Error: if S3 refuses, within seconds.
            SourceError: if a folder cannot be a class.
        """
        check_bucket(self.connection, self.root)
        found: list[str] = []
        level = [""]
        with ThreadPoolExecutor(LISTINGS_AT_ONCE) as pool:
            while level:
                answers = list(pool.map(self._look_into, level))
                found += [folder for folder, (holds, _) in zip(level, answers, strict=True) if holds]
                level = [folder for _, below in answers for folder in below]
        return group_by_class(found, self.root.rsplit("/", 1)[-1])

    def _look_into(self, folder: str) -> tuple[bool, list[str]]:
        """Tell whether a folder directly holds pictures, and which folders it holds."""
        holds, below = False, []
        for page in self._pages(folder):
            holds = holds or any(is_image(_last_part(item["Key"])) for item in page.get("Contents", []))
            names = (_last_part(item["Prefix"].rstrip("/")) for item in page.get("CommonPrefixes", []))
            below += [f"{folder}/{name}" if folder else name for name in names if name and not name.startswith(".")]
        return holds, below

    def files(self, folder: str) -> Iterator[ImageFile]:
        """List the pictures directly in a folder, sorted by name."""
        for page in self._pages(folder):
            for item in page.get("Contents", []):
                name = _last_part(item["Key"])
                if is_image(name):
                    path = f"{folder}/{name}" if folder else name
                    yield ImageFile(path, item["Size"], changed_us(item["LastModified"], item["ETag"]))

    def _pages(self, folder: str) -> Iterator[dict]:
        bucket, key = split_address(self.root)
        prefix = "".join(f"{part}/" for part in (key, folder) if part)
        client: BaseClient = self.connection.client()
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, Delimiter="/", PaginationConfig={"PageSize": PAGE_KEYS}
        )
        with explained(self.root):
            yield from pages

    def read(self, path: str) -> bytes:
        """Read an object.

        Raises:
            OSError: it is gone, or cannot be addressed.
            S3Error: S3 refuses or does not answer; another attempt may succeed.
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


def changed_us(modified: datetime, etag: str) -> int:
    """Return when an object was changed, in microseconds since the epoch, with its ETag below the second.

    Listings tell whole seconds. What replaces an object within the second has another ETag, and so another time here.
    """
    return int(modified.timestamp()) * MICROSECONDS + zlib.crc32(etag.encode()) % MICROSECONDS


def _last_part(key: str) -> str:
    return key.rsplit("/", 1)[-1]
