"""An S3 server that dies and comes back, answers late, or answers errors: the run finishes, or the next one does."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from image_assets_tests.chain_process import ChainProcess, Tables, sample_pictures, tables_at
from image_assets_tests.faults.proxy import Faults, faulty
from image_assets_tests.s3.pictures import upload
from image_assets_tests.s3.server import S3Server, serving
from image_assets_tests.s3.test_source import connection

pytestmark = pytest.mark.faults

COPIES = {"Cherry": 3, "Banana": 3}
DOWN_SECONDS = 5.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[S3Server]:
    """A server of the test's own, which it may kill."""
    with serving(tmp_path / "s3") as found:
        yield found


@pytest.fixture
def chain(server: S3Server, tmp_path: Path) -> Iterator[tuple[ChainProcess, Tables]]:
    rows = sample_pictures(tmp_path / "source", COPIES)
    upload(server, tmp_path / "source", f"{server.bucket('pictures')}/fruits")
    environment = {
        **server.environment,
        "IMAGE_ASSETS_SOURCE": "s3://pictures/fruits",
        "IMAGE_ASSETS_WAREHOUSE": f"{server.bucket('tables')}/fruits",
        "IMAGE_ASSETS_SPARK_MASTER": "local[2]",
    }
    process = ChainProcess(tmp_path / "run", environment)
    try:
        yield process, tables_at("s3://tables/fruits", rows, connection(server))
    finally:
        process.clean_up()


def finishes_or_fails_clearly(process: ChainProcess) -> bool:
    """Wait for the end; a run that failed must say why in one error, without a traceback."""
    done = process.finish() == 0
    if not done:
        assert process.said.count("error:") >= 1, process.said
        assert "Traceback" not in process.said
    return done


def test_errors_in_every_twentieth_answer_are_tried_again(chain: tuple[ChainProcess, Tables], server: S3Server) -> None:
    process, tables = chain
    faults = Faults(error_rate=0.05, loses_every=10)
    with faulty(server.endpoint, faults) as endpoint:
        assert process.run(AWS_ENDPOINT_URL_S3=endpoint) == 0, process.said
    assert faults.errors > 10
    assert len(faults.lost) > 3
    tables.assert_complete()


def test_slow_answers_only_cost_time(chain: tuple[ChainProcess, Tables], server: S3Server) -> None:
    process, tables = chain
    with faulty(server.endpoint, Faults(delay_seconds=0.1)) as endpoint:
        assert process.run(AWS_ENDPOINT_URL_S3=endpoint) == 0, process.said
    tables.assert_complete()


def test_a_server_that_is_killed_and_comes_back(chain: tuple[ChainProcess, Tables], server: S3Server) -> None:
    process, tables = chain
    process.start()
    process.wait_until(lambda: "decoded_frames:" in process.said)

    def kill_and_restart() -> None:
        server.kill()
        time.sleep(DOWN_SECONDS)
        server.start()

    restart = threading.Thread(target=kill_and_restart)
    restart.start()
    done = finishes_or_fails_clearly(process)
    restart.join()
    tables.assert_readable()
    if not done:
        assert process.run() == 0, process.said
    tables.assert_complete()
    tables.assert_vacuum_removes_only_orphans()
