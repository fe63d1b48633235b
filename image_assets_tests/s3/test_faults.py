"""What the clients make of a server that answers late, wrongly or not at all."""

from pathlib import PurePosixPath
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
from image_assets_tests.faults.proxy import Faults, faulty
from image_assets_tests.s3.server import S3Server
from image_assets_tests.s3.test_source import connection


def impatient(server: S3Server, endpoint: str) -> S3Connection:
    return connection(server, endpoint=endpoint, max_attempts=2, retry_seconds=2, connect_seconds=1, request_seconds=1)


def write(table: Table, rows: int) -> list[DataFile]:
    batch = pa.RecordBatch.from_pylist([{"path": f"{i}.jpg", "fruit_class": "Kiwi"} for i in range(rows)], table.schema)
    return write_batches(table.root, table.schema, table.partition_column, [batch], table.write_options)


@pytest.mark.parametrize(
    ("faults", "remedy"),
    [
        (Faults(refusal=(503, "SlowDown")), "SlowDown: the server asks for fewer requests"),
        (Faults(refusal=(500, "InternalError")), "the server does not answer"),
        (Faults(refusal=(503, "ServiceUnavailable")), "the server does not answer"),
        (Faults(silent=True), "the server does not answer"),
    ],
    ids=["slow down", "internal error", "unavailable", "silent"],
)
def test_a_server_that_cannot_answer_is_worth_another_attempt(s3_server: S3Server, faults: Faults, remedy: str) -> None:
    with faulty(s3_server.endpoint, faults) as endpoint:
        reached = impatient(s3_server, endpoint)
        source, table = (
            S3Source("s3://bucket/x", reached),
            Warehouse.at("s3://bucket/y", s3=reached).table("evaluation"),
        )
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


class Losing:
    """Loses the first answer to the commit of each version."""

    def __init__(self) -> None:
        self.lost: list[str] = []

    def __call__(self, method: str, path: str) -> bool:
        name = PurePosixPath(path).name
        if method != "PUT" or "/_delta_log/" not in path or name in self.lost:
            return False
        self.lost.append(name)
        return True


def test_a_commit_whose_answer_was_lost_is_known_as_ones_own(s3_server: S3Server) -> None:
    losing = Losing()
    with faulty(s3_server.endpoint, Faults(loses=losing)) as endpoint:
        address = f"{s3_server.bucket(f'lost-{uuid4().hex}')}/tables"
        table = Warehouse.at(address, s3=connection(s3_server, endpoint=endpoint)).table("predictions")
        assert table.commit(write(table, 3), ["Kiwi"]) == 1
        assert table.commit(write(table, 5), ["Kiwi"]) == 2
        base = table.files()
        assert table.exchange(write(table, 7), base, partition="Kiwi", base=base) == 3
    assert losing.lost == [f"{version:020}.json" for version in range(4)]
    paths = table.read(["path"])["path"].to_pylist()
    assert sorted(paths) == [f"{i}.jpg" for i in range(7)]
    assert len(table.vacuum(retention_hours=0)) == 2
