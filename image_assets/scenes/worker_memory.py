"""Memory that a worker frees stays with it while it works on tiles.

A tile of megabytes goes through half a dozen arrays of its size. By default each of them comes fresh from the kernel,
which fills it with zeros page by page, and goes back when it is freed: 8 to 15 ms of system time for a tile of 2,000 x
2,000 that takes 65 ms to read, filter and write. With what is set here it is 4 ms. A worker keeps at most
`KEPT_BYTES` that it does not use.
"""

import ctypes
import functools

import pyarrow as pa

KEPT_BYTES = 256 << 20
LARGEST_KEPT_BYTES = 32 << 20
"""Larger arrays come from the kernel and go back to it; glibc allows no more."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc


@functools.cache
def keep_freed_memory() -> None:
    """Let this process keep what it frees; once is enough. Without glibc nothing changes but Arrow's allocator."""
    pa.set_memory_pool(pa.system_memory_pool())  # one allocator, so that arrays and Arrow buffers share what is free
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, LARGEST_KEPT_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)
