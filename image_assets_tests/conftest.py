"""Fixtures that many tests share."""

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from image_assets.spark.session import SparkOptions, start_session


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """One Spark session for all tests that need one: its start takes seconds."""
    session = start_session(SparkOptions(master="local[2]", driver_memory="1g"))
    yield session
    session.stop()
