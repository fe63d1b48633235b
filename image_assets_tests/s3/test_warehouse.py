from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pyarrow as pa
import pytest

from image_assets.contracts import PREDICTIONS
from image_assets.errors import S3Error, SettingsError, WarehouseError
from image_assets.s3.connection import S3Keys
from image_assets.warehouse.artifacts import Artifact
from image_assets.warehouse.location import Location
from image_assets.warehouse.parquet import DataFile, write_batches
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.s3.server import READER, S3Server
from image_assets_tests.s3.test_source import connection

STRANGE = "Crème brûlée 50% #1?"


@pytest.fixture
def warehouse(s3_server: S3Server) -> Warehouse:
    return Warehouse.at(f"{s3_server.bucket(f'tables-{uuid4().hex}')}/some/where", s3=connection(s3_server))


def write(table: Table, fruit_class: str, rows: int, label: str = "x") -> list[DataFile]:
    values = [{"path": f"{fruit_class}/{i}.jpg", "fruit_class": fruit_class, "label": label} for i in range(rows)]
    batch = pa.RecordBatch.from_pylist(values, schema=table.schema)
    return write_batches(table.root, table.schema, table.partition_column, [batch], table.write_options)


def test_a_class_is_replaced_and_the_others_stay(warehouse: Warehouse) -> None:
    table = warehouse.table("predictions")
    assert not table.exists()
    assert table.commit([*write(table, "Kiwi", 3), *write(table, STRANGE, 5)], None) == 1
    assert table.commit(write(table, STRANGE, 2, "new"), [STRANGE]) == 2
    assert {name: found.rows for name, found in table.counts().items()} == {"Kiwi": 3, STRANGE: 2}
    assert table.read(["path", "fruit_class", "label"], [STRANGE]).to_pylist() == [
        {"path": f"{STRANGE}/{i}.jpg", "fruit_class": STRANGE, "label": "new"} for i in range(2)
    ]
    assert table.head(1, ["label"], ["Kiwi"])["label"].to_pylist() == ["x"]


def test_writers_of_different_classes_all_succeed(warehouse: Warehouse) -> None:
    table = warehouse.table("predictions")
    names = [f"class {i}" for i in range(8)]

    def replace(name: str) -> int:
        return table.commit(write(table, name, 3), [name])

    with ThreadPoolExecutor(len(names)) as pool:
        versions = list(pool.map(replace, names))
    assert sorted(versions) == list(range(1, 9))
    assert {name: found.rows for name, found in table.counts().items()} == dict.fromkeys(names, 3)


def test_writers_of_one_class_never_mix(warehouse: Warehouse) -> None:
    table = warehouse.table("predictions")

    def replace(number: int) -> int:
        return table.commit(write(table, "Kiwi", 4 + number, str(number)), ["Kiwi"])

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(replace, range(5)))
    labels = table.read(["label"])["label"].to_pylist()
    assert labels == [labels[0]] * (4 + int(labels[0]))


def test_vacuum_removes_orphans_and_nothing_else(warehouse: Warehouse) -> None:
    table = warehouse.table("predictions")
    table.commit(write(table, STRANGE, 3), [STRANGE])
    orphan = write(table, STRANGE, 1)[0]
    assert table.vacuum(retention_hours=0) == [orphan.path]
    assert not table.root.join(orphan.path).exists()
    assert table.read(["path"]).num_rows == 3


def test_artifacts_are_stored_and_found(warehouse: Warehouse) -> None:
    store = warehouse.artifacts
    assert store.resolve("projection", "feature_projection") is None
    digest = store.publish("projection", "feature_projection", Artifact({}, {"n": 1}))
    assert store.latest("projection", "feature_projection") == (digest, Artifact({}, {"n": 1}))
    with pytest.raises(WarehouseError, match=r"is not at s3://tables-.*materialize the asset"):
        store.get("projection", "0" * 64, "npz")


def test_a_large_file_is_uploaded_in_parts_and_read_by_its_row_groups(warehouse: Warehouse) -> None:
    table = warehouse.table("raw_images")
    content = [bytes([i]) * 1000 + uuid4().bytes * 30_000 for i in range(100)]
    rows = [{"path": f"{i}.jpg", "fruit_class": "Kiwi", "content": blob} for i, blob in enumerate(content)]
    batches = pa.Table.from_pylist(rows, schema=table.schema).to_batches(max_chunksize=10)
    files = write_batches(table.root, table.schema, "fruit_class", batches, table.write_options)
    table.commit(files, None)
    assert table.read(["content"])["content"].to_pylist() == content


def test_what_a_failed_writer_wrote_is_removed(s3_server: S3Server, warehouse: Warehouse) -> None:
    table = warehouse.table("predictions")

    def broken() -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pylist([{"path": "a", "fruit_class": "Kiwi"}], schema=PREDICTIONS)
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        write_batches(table.root, table.schema, "fruit_class", broken(), table.write_options)
    assert "Contents" not in s3_server.client().list_objects_v2(Bucket=table.root.path.split("/")[0])


def test_writing_with_keys_that_only_read_is_refused_in_one_line(s3_server: S3Server, warehouse: Warehouse) -> None:
    table = warehouse.table("predictions")
    table.commit(write(table, "Kiwi", 3), None)
    keys = S3Keys(READER.access_key, READER.secret_key)
    reader = Warehouse.at(warehouse.root.uri, s3=connection(s3_server, keys=keys)).table("predictions")
    assert reader.read(["path"]).num_rows == 3
    with pytest.raises(S3Error, match=r"^s3://.*parquet: AccessDenied: the credentials do not allow it"):
        write(reader, "Kiwi", 1)
    (file,) = table.files(["Kiwi"])
    with pytest.raises(S3Error, match=r"^s3://.*parquet: AccessDenied: the credentials do not allow it"):
        reader.root.join(file.path).delete()
    assert table.read(["path"]).num_rows == 3


def test_what_is_replaced_appears_whole_or_not_at_all(warehouse: Warehouse) -> None:
    location = warehouse.root.join("export", "table.csv")

    def broken() -> None:
        with location.replacing() as sink:
            sink.write(b"half of it")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        broken()
    assert not location.exists()
    with location.replacing() as sink:
        sink.write(b"all ")
        sink.write(b"of it")
    assert location.read_bytes() == b"all of it"
    assert warehouse.root.join("export").exists()
    assert not warehouse.root.join("exp").exists()


def test_a_table_that_may_not_be_read_says_so_in_one_line(s3_server: S3Server, warehouse: Warehouse) -> None:
    stranger = Warehouse.at(warehouse.root.uri, s3=connection(s3_server, keys=S3Keys("nobody", "nothing")))
    with pytest.raises(S3Error, match=r"^s3://\S+/predictions: InvalidAccessKeyId: the server does not know"):
        stranger.table("predictions").counts()


def test_folders_are_listed_by_the_arrow_file_system_too(warehouse: Warehouse) -> None:
    location = warehouse.root.join("a", "b.txt")
    location.write_bytes(b"text")
    assert location.filesystem.open_input_stream(location.path).read() == b"text"


def test_secrets_are_in_no_text(s3_server: S3Server) -> None:
    found = connection(s3_server)
    for text in (repr(Location.of("s3://bucket/x", found)), repr(found), repr(found.keys)):
        assert "sk-writer" not in text
    with pytest.raises(SettingsError, match="standard AWS chain"):
        found.to_json()
