import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import sys
import numpy as np
import pyarrow as pa
from image_assets.scenes.worker_memory import keep_freed_memory

if sys.argv[1] == "keep":
    keep_freed_memory()
sizes = [3_000_000, 2_000_000, 3_500_000]
for rounds in (2, 20):  # the first ones take memory from the kernel in any case
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        held = [np.ones(size, np.uint8) for size in sizes]
        held += [pa.Codec("zstd").decompress(pa.Codec("zstd").compress(array), array.nbytes) for array in held]
        del held
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told what to keep")
def test_freed_memory_is_used_again_without_asking_the_kernel() -> None:
    def page_faults(mode: str) -> int:
        return int(subprocess.run([sys.executable, "-c", PROGRAM, mode], check=True, capture_output=True).stdout)

    assert page_faults("keep") < page_faults("plain") / 10
