"""The Spark session: its configuration, its start and its end."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from image_assets.spark.class_archive import java_options
from image_assets.spark.java import check_java
from image_assets.spark.shipping import ship_package


@dataclass(frozen=True)
class SparkOptions:
    """What decides how the session runs.

    Attributes:
        master: Spark master; `local[*]` uses every core of this machine.
        driver_memory: heap of the driver, such as `2g`. It holds listings and plans; pictures never pass through it.
        executor_memory: heap of an executor on a cluster; ignored by local masters.
        task_cpus: cores of a task, and threads of the inference engine in it.
        arrow_batch_rows: rows of an Arrow batch between the JVM and Python.
        executor_overhead: memory of an executor besides its heap, where its Python workers live.
        executor_cores: cores of an executor; None leaves it to the cluster, as everything that is None.
        executor_instances: number of executors, without dynamic allocation.
        max_executors: number of executors at most that dynamic allocation asks for as tasks wait; None switches it off.
        max_cores: cores of all executors together on a standalone cluster.
        python: interpreter of the executors; None is the path of the driver's own.
        archives: what Spark unpacks on executors, such as `environment.tar.gz#environment`.
        driver_host: address under which executors reach the driver.
        extra: further Spark configuration, which wins over everything above.
    """

    master: str = "local[*]"
    driver_memory: str = "2g"
    executor_memory: str = "2g"
    task_cpus: int = 1
    arrow_batch_rows: int = 256
    executor_overhead: str | None = None
    executor_cores: int | None = None
    executor_instances: int | None = None
    max_executors: int | None = None
    max_cores: int | None = None
    python: str | None = None
    archives: str | None = None
    driver_host: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Whether the executors are threads of the driver's own process."""
        return self.master.startswith("local")


def spark_configuration(options: SparkOptions, app_name: str = "image_assets") -> dict[str, str]:
    """Return the Spark properties that the options stand for."""
    # Libraries with their own threads take as many as the task has cores, or they fight for them.
    threads = {
        f"spark.executorEnv.{name}": str(options.task_cpus)
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    }
    logging = files("image_assets.spark").joinpath("log4j2.properties")
    configuration = {
        "spark.app.name": app_name,
        "spark.master": _with_attempts(options.master),
        "spark.driver.memory": options.driver_memory,
        "spark.executor.memory": options.executor_memory,
        "spark.task.cpus": str(options.task_cpus),
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={logging}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(options.arrow_batch_rows),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.python.worker.reuse": "true",
        **threads,
    }
    if options.is_local:
        # The JVM schedules and does not compute: the second compiler would take a core from the workers for seconds.
        configuration["spark.driver.extraJavaOptions"] += f" -XX:TieredStopAtLevel=1 {java_options()}"
        configuration["spark.driver.host"] = "127.0.0.1"
        configuration["spark.driver.bindAddress"] = "127.0.0.1"
        # On a cluster the package may arrive with the first task, after the daemon has started.
        configuration["spark.python.daemon.module"] = "image_assets.spark.daemon"
        configuration["spark.sql.shuffle.partitions"] = str(2 * (os.cpu_count() or 1))
    else:
        configuration |= _cluster_configuration(options)
    return {**configuration, **options.extra}


def _cluster_configuration(options: SparkOptions) -> dict[str, str]:
    wanted = {
        "spark.executor.memoryOverhead": options.executor_overhead,
        "spark.executor.cores": options.executor_cores,
        "spark.executor.instances": options.executor_instances,
        "spark.cores.max": options.max_cores,
        "spark.archives": options.archives,
        "spark.driver.host": options.driver_host,
        "spark.driver.bindAddress": "127.0.0.1" if options.driver_host == "127.0.0.1" else None,
    }
    configuration = {name: str(value) for name, value in wanted.items() if value is not None}
    if options.max_executors is not None:
        configuration |= {
            "spark.dynamicAllocation.enabled": "true",
            # What executors hold of a cached fit is given up with them only when it is no longer wanted.
            "spark.dynamicAllocation.shuffleTracking.enabled": "true",
            "spark.dynamicAllocation.maxExecutors": str(options.max_executors),
        }
    return configuration


def prepare_environment(options: SparkOptions) -> None:
    """Make sure that Spark can start and that its workers run the right interpreter.

    Raises:
        JavaError: if Java is missing or too old.
    """
    check_java()
    # Workers must be the interpreter that has the dependencies, whatever `python3` is on PATH.
    if options.python is not None:
        os.environ["PYSPARK_PYTHON"] = options.python
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)


def start_session(
    options: SparkOptions, create: Callable[[dict[str, str]], SparkSession] | None = None
) -> SparkSession:
    """Start a session, or join the one that this process already has.

    Args:
        options: how it runs.
        create: makes the session of its Spark properties; PySpark itself by default.

    Raises:
        JavaError: if Java is missing or too old.
    """
    prepare_environment(options)
    configuration = spark_configuration(options)
    with first_worker_started(configuration):
        session = (create or _created)(configuration)
    ship_package(session.sparkContext)
    return session


def _created(configuration: Mapping[str, str]) -> SparkSession:
    builder = SparkSession.builder
    for key, value in configuration.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def is_spark_running() -> bool:
    """Whether this process has a context, in whichever of its threads it was started."""
    return SparkContext._active_spark_context is not None


@contextmanager
def first_worker_started(configuration: Mapping[str, str]) -> Iterator[None]:
    """Start the context and, while the block starts the session, the process that Python workers are forked from.

    Each takes 1.5 s, of one core. Joins a context that this process already has; on a cluster it does nothing, since
    executors may come later.
    """
    is_local = configuration["spark.master"].startswith("local")
    if not is_local or is_spark_running():
        yield
        return
    context = SparkContext.getOrCreate(SparkConf().setAll(list(configuration.items())))
    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(lambda: context.parallelize([0], 1).count())
        yield
        started.result()


def _with_attempts(master: str) -> str:
    """Give a local master three attempts per task in place of one: a worker may die of lack of memory."""
    if master == "local":
        return "local[1,3]"
    if master.startswith("local[") and "," not in master and "-" not in master:
        return f"{master[:-1]},3]"
    return master
