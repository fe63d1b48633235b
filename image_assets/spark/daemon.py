"""The process that Spark forks its Python workers from, with the heavy libraries imported once.

Spark starts it through `spark.python.daemon.module`. Imports take seconds; a worker that is forked after them starts
at once. None of these libraries may start a thread at import, since threads do not survive a fork: the session sets
one thread per task for those that would.
"""

import gc

import numpy  # noqa: F401
import openvino  # noqa: F401
import PIL.Image
import pyarrow.parquet  # noqa: F401
from pyspark.daemon import manager

import image_assets.warehouse.parquet
import image_assets.warehouse.reading  # noqa: F401

if __name__ == "__main__":
    PIL.Image.preinit()
    gc.freeze()  # spares every worker a scan of these libraries after each task
    manager()
