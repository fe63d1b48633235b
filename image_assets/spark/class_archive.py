"""An archive of the JVM's classes beside the installed Spark, from which a local session starts in half the time.

A JVM loads and verifies some ten thousand classes of Spark each time it starts. Class data sharing keeps them as they
lie in memory: https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html. `make setup` writes the archive:

    python -m image_assets.spark.class_archive

The JVM itself ignores an archive of another Java or other jars, and starts as it would without one.
"""

import sys
from pathlib import Path

import pyspark
from pyspark import SparkContext

from image_assets.errors import ImageAssetsError

QUIET = "-Xshare:auto -Xlog:disable -Xlog:all=error:stderr"
"""A JVM warns of each class that an archive cannot hold, and of an archive that does not fit."""


def archive_path() -> Path:
    """Return where the archive of this environment's Spark is, or would be."""
    return Path(sys.prefix) / "share" / "image_assets" / f"spark-{pyspark.__version__}.jsa"


def java_options() -> str:
    """Return the options of a JVM that uses the archive; none where there is no archive."""
    path = archive_path()
    return f"-XX:SharedArchiveFile={path} {QUIET}" if path.is_file() else ""


def write_archive() -> Path:
    """Start a session, use it a little, and write the classes that this took; about 20 seconds.

    Returns:
        The archive, some 150 MB. An older one is removed first, since the JVM would start from it.

    Raises:
        JavaError: if Java is missing or too old.
        OSError: if the environment cannot be written to, or the JVM wrote no archive.
    """
    from image_assets.spark.session import SparkOptions, spark_configuration, start_session

    path = archive_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    path.unlink(missing_ok=True)
    name = "spark.driver.extraJavaOptions"
    options = f"{spark_configuration(SparkOptions())[name]} -XX:ArchiveClassesAtExit={draft} {QUIET}"
    session = start_session(SparkOptions(extra={name: options}))
    context = session.sparkContext
    context.parallelize(range(4), 4).map(lambda number: (number % 2, number)).reduceByKey(max).collect()
    session.range(4).groupBy().count().collect()
    session.stop()
    jvm = SparkContext._gateway  # PySpark has no other way to the process whose end writes the archive
    if jvm is not None and jvm.proc is not None:
        jvm.shutdown()
        jvm.proc.stdin.close()
        jvm.proc.wait()
    return draft.rename(path)


if __name__ == "__main__":
    try:
        write_archive()
    except (ImageAssetsError, OSError) as error:
        sys.exit(f"no archive of Spark's classes, sessions start without one: {error}")
