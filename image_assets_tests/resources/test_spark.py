import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from dagster import build_init_resource_context
from pyspark import SparkContext
from pyspark.sql import SparkSession

from image_assets.resources.settings import resources_of
from image_assets.resources.spark import SparkResource
from image_assets.settings import Settings

OWN_SESSION = """
import json
from dagster import build_init_resource_context
from pyspark import SparkContext
from image_assets.resources.spark import SparkResource

resource = SparkResource(master="local[1]", driver_memory="1g", extra={"spark.sql.session.timeZone": "Europe/Paris"})
with resource.yield_for_execution(build_init_resource_context()) as spark:
    before = SparkContext._active_spark_context
    session = spark.session
    names = ("spark.master", "spark.driver.memory", "spark.task.cpus", "spark.sql.session.timeZone", "spark.app.name")
    found = {name: session.conf.get(name) for name in names}
    found["rows"] = session.sparkContext.parallelize(range(10), 2).map(lambda n: n * n).sum()
    found["same"] = spark.session is session
found["started"] = before is None
found["stopped"] = SparkContext._active_spark_context is None
print(json.dumps(found))
"""


def resource_with(**settings: Any) -> SparkResource:
    resource = resources_of(Settings(**settings))["spark"]
    assert isinstance(resource, SparkResource)
    return resource


ARROW_ROWS = "spark.sql.execution.arrow.maxRecordsPerBatch"


def test_a_session_that_was_running_is_used_and_left_running(spark: SparkSession) -> None:
    rows_before = spark.conf.get(ARROW_ROWS)
    resource = resource_with(spark_master="local[7]", spark_arrow_batch_rows=17)
    try:
        with resource.yield_for_execution(build_init_resource_context()) as handed_out:
            assert handed_out.session is spark
            assert str(handed_out.session.sparkContext.master).startswith("local[2")
            assert handed_out.session.conf.get(ARROW_ROWS) == "17"
    finally:
        spark.conf.set(ARROW_ROWS, str(rows_before))
    assert SparkContext._active_spark_context is spark.sparkContext
    assert spark.range(5).count() == 5


def test_a_session_nobody_asks_for_is_not_looked_for(spark: SparkSession) -> None:
    with resource_with(spark_master="no master").yield_for_execution(build_init_resource_context()):
        pass
    assert spark.range(5).count() == 5


def test_a_session_that_the_run_started_is_stopped_and_has_the_settings(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OWN_SESSION], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "spark.master": "local[1,3]",
        "spark.driver.memory": "1g",
        "spark.task.cpus": "1",
        "spark.sql.session.timeZone": "Europe/Paris",
        "spark.app.name": "image_assets",
        "rows": 285,
        "same": True,
        "started": True,
        "stopped": True,
    }
    # Spark itself prints one line, about a module of Java; everything else on the screen would be ours.
    assert [line for line in done.stderr.splitlines() if "incubator modules" not in line] == []
