"""Objects as files that Arrow reads from and writes to."""

import io
from typing import TYPE_CHECKING, Any

import obstore

from image_assets.s3.refusals import explained

if TYPE_CHECKING:
    from obstore.store import S3Store

PART_BYTES = 8 << 20
"""Size of the parts of a large upload: smaller objects are one request."""
PARTS_AT_ONCE = 4


class ObjectReader(io.RawIOBase):
    """A seekable file over an object: each read is one request for exactly the bytes that are wanted."""

    def __init__(self, store: "S3Store", key: str, address: str) -> None:
        self._store, self._key, self._address, self._position = store, key, address, 0
        with explained(address):
            self._size = int(store.head(key)["size"])

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a position in bytes and return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def read(self, size: int | None = -1, /) -> Any:
        """Read at most `size` bytes, all that are left by default, as a buffer."""
        left = max(0, self._size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        if not wanted:
            return b""
        with explained(self._address):
            content = self._store.get_range(self._key, start=self._position, length=wanted)
        self._position += wanted
        return memoryview(content)


class ObjectWriter(io.RawIOBase):
    """A file that becomes an object when it is closed, uploaded in parts while it is written."""

    def __init__(self, store: "S3Store", key: str, address: str, content_type: str | None = None) -> None:
        self._address, self._position = address, 0
        self._writer = obstore.open_writer(
            store,
            key,
            attributes=None if content_type is None else {"Content-Type": content_type},
            buffer_size=PART_BYTES,
            max_concurrency=PARTS_AT_ONCE,
        )

    def writable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the number of bytes written."""
        return self._position

    def write(self, content: Any, /) -> int:
        """Add bytes."""
        view = memoryview(content).cast("B")
        with explained(self._address):
            self._writer.write(view)
        self._position += view.nbytes
        return view.nbytes

    def abandon(self) -> None:
        """Close without an object; parts that were sent are left for the bucket's lifecycle rule."""
        super().close()

    def close(self) -> None:
        """Complete the object; closing again does nothing."""
        if not self.closed:
            super().close()
            with explained(self._address):
                self._writer.close()
