"""What the clients make of a server that answers late, wrongly or not at all."""

from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest

from image_assets.errors import S3Error, S3UnavailableError, StalePlanError, is_retryable, is_retryable_name
from image_assets.s3.connection import S3Connection
from image_assets.s3.refusals import explained
from image_assets.vision.s3_source import S3Source
from image_assets.warehouse.parquet import DataFile, write_batches
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.faults.proxy import Faults, faulty, faulty_process
from image_assets_tests.s3.server import S3Server
from image_assets_tests.s3.test_source import connection


def impatient(server: S3Server, endpoint: str, seconds: int = 20) -> S3Connection:
    options = {"max_attempts": 2, "retry_seconds": 2, "request_seconds": seconds}
    return connection(server, endpoint=endpoint, **options)


def write(table: Table, rows: int) -> list[DataFile]:
    batch = pa.RecordBatch.from_pylist([{"path": f"{i}.jpg", "fruit_class": "Kiwi"} for i in range(rows)], table.schema)
    return write_batches(table.root, table.schema, table.partition_column, [batch], table.write_options)


@pytest.mark.parametrize(
    ("faults", "remedy"),
    [
        ({"refusal": (503, "SlowDown")}, "SlowDown: the server asks for fewer requests"),
        ({"refusal": (500, "InternalError")}, "the server does not answer"),
        ({"refusal": (503, "ServiceUnavailable")}, "the server does not answer"),
        ({"silent": True}, "the server does not answer"),
    ],
    ids=["slow down", "internal error", "unavailable", "silent"],
)
def test_a_server_that_cannot_answer_is_worth_another_attempt(
    s3_server: S3Server, tmp_path: Path, faults: dict[str, Any], remedy: str
) -> None:
    with faulty_process(s3_server.endpoint, faults, tmp_path / "log") as endpoint:
        reached = impatient(s3_server, endpoint, seconds=1 if "silent" in faults else 20)
        source = S3Source("s3://bucket/x", reached)
        table = Warehouse.at("s3://bucket/y", s3=reached).table("evaluation")
        for ask in (source.class_folders, lambda: source.read("a.jpg"), table.exists, lambda: list(source.files("a"))):
            with pytest.raises(S3UnavailableError, match=rf"^s3://bucket/\S+: {remedy}") as raised:
                ask()
            assert is_retryable(raised.value)
    assert is_retryable_name(f"{S3UnavailableError.__module__}.{S3UnavailableError.__name__}")


@pytest.mark.parametrize("code", ["AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "NoSuchBucket"])
def test_what_a_person_must_change_is_not_tried_again(s3_server: S3Server, code: str) -> None:
    with faulty(s3_server.endpoint, Faults(refusal=(403, code))) as endpoint:
        source = S3Source("s3://bucket/x", impatient(s3_server, endpoint))
        for ask in (source.class_folders, lambda: source.read("a.jpg")):
            with pytest.raises(S3Error, match=rf"^s3://bucket/x\S*: {code}: ") as raised:
                ask()
            assert not is_retryable(raised.value)


def test_an_error_about_something_else_stays_what_it_is() -> None:
    with pytest.raises(ValueError, match="no bucket"), explained("s3://bucket"):
        raise ValueError("no bucket")
    with pytest.raises(StalePlanError, match="has changed Kiwi"), explained("s3://bucket"):
        raise StalePlanError("another run has changed Kiwi (503) meanwhile")


def test_a_commit_whose_answer_was_lost_is_known_as_ones_own(s3_server: S3Server, tmp_path: Path) -> None:
    address = f"{s3_server.bucket(f'lost-{uuid4().hex}')}/tables"
    log = tmp_path / "log"
    with faulty_process(s3_server.endpoint, {"loses_first": "/_delta_log/"}, log) as endpoint:
        table = Warehouse.at(address, s3=connection(s3_server, endpoint=endpoint)).table("predictions")
        assert table.commit(write(table, 3), ["Kiwi"]) == 1
        assert table.commit(write(table, 5), ["Kiwi"]) == 2
        base = table.files()
        assert table.exchange(write(table, 7), base, partition="Kiwi", base=base) == 3
    table = Warehouse.at(address, s3=connection(s3_server)).table("predictions")
    assert sorted(table.read(["path"])["path"].to_pylist()) == [f"{i}.jpg" for i in range(7)]
    assert len(table.vacuum(retention_hours=0)) == 2
    lost = [PurePosixPath(path).name for path in log.read_text().splitlines()[1:]]
    assert lost == [f"{version:020}.json" for version in range(4)]
