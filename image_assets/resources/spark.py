"""The Spark session of a run: started when first asked for, stopped at the end if this run started it."""

from collections.abc import Iterator
from contextlib import contextmanager

from dagster import ConfigurableResource, InitResourceContext
from dagster_pyspark import LazyPySparkResource
from pydantic import Field, PrivateAttr
from pyspark.sql import SparkSession

from image_assets.resources.runs import end_abandoned_runs, note_process
from image_assets.spark.session import SparkOptions, is_spark_running, start_session


class SparkResource(ConfigurableResource):
    """Spark on this machine or a cluster: `dagster-pyspark` creates the session, this configures and ends it."""

    master: str = Field(default="local[*]", description="Spark master; local[*] is this machine.")
    driver_memory: str = Field(default="2g", description="Heap of the driver's JVM; pictures never pass through it.")
    executor_memory: str = Field(default="2g", description="Heap of an executor's JVM on a cluster.")
    task_cpus: int = Field(default=1, description="Cores per task, and threads of the inference engine in it.")
    arrow_batch_rows: int = Field(default=256, description="Rows of an Arrow batch between the JVM and Python.")
    executor_overhead: str | None = Field(default=None, description="Memory of an executor for its Python workers.")
    executor_cores: int | None = Field(default=None, description="Cores of an executor.")
    executor_instances: int | None = Field(default=None, description="Number of executors.")
    max_executors: int | None = Field(default=None, description="Executors at most, as dynamic allocation wants them.")
    max_cores: int | None = Field(default=None, description="Cores of all executors together, on a standalone cluster.")
    python: str | None = Field(default=None, description="Python of the executors; empty: the path of the driver's.")
    archives: str | None = Field(default=None, description="What Spark unpacks on executors.")
    driver_host: str | None = Field(default=None, description="Address under which executors reach the driver.")
    extra: dict[str, str] = Field(default={}, description="Further Spark configuration; wins over the rest.")

    _session: SparkSession | None = PrivateAttr(default=None)
    _is_ours: bool = PrivateAttr(default=False)

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator["SparkResource"]:
        """Hand out the resource for a run; a session that was running before the run is left running."""
        if context.instance is not None and context.run is not None:
            end_abandoned_runs(context.instance)
            note_process(context.instance, context.run)
        try:
            yield self
        finally:
            if self._session is not None and self._is_ours:
                self._session.stop()
            self._session = None

    @property
    def options(self) -> SparkOptions:
        """The settings as the computation takes them."""
        return SparkOptions(
            master=self.master,
            driver_memory=self.driver_memory,
            executor_memory=self.executor_memory,
            task_cpus=self.task_cpus,
            arrow_batch_rows=self.arrow_batch_rows,
            executor_overhead=self.executor_overhead,
            executor_cores=self.executor_cores,
            executor_instances=self.executor_instances,
            max_executors=self.max_executors,
            max_cores=self.max_cores,
            python=self.python,
            archives=self.archives,
            driver_host=self.driver_host,
            extra=self.extra,
        )

    @property
    def session(self) -> SparkSession:
        """The session, started now if there is none.

        Raises:
            JavaError: if Java is missing or too old.
        """
        if self._session is None:
            # Of the process, whichever thread asks: an active session is one of a thread.
            self._is_ours = not is_spark_running()
            # The names are whole, so that Dagster's nesting of them is of no use here.
            self._session = start_session(
                self.options, lambda configuration: LazyPySparkResource(spark_config=configuration).spark_session
            )
        return self._session
