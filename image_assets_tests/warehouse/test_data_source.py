from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql.datasource import WriterCommitMessage

from image_assets.contracts import PREDICTIONS
from image_assets.errors import WarehouseError
from image_assets.warehouse.data_source import Filter, TableWriter, read_table, write_table
from image_assets.warehouse.parquet import write_batches
from image_assets.warehouse.warehouse import Warehouse


def prediction_rows(fruit_class: str, n: int, split: str = "test") -> pa.RecordBatch:
    rows = [
        {
            "path": f"{fruit_class}/{i:03}.jpg",
            "fruit_class": fruit_class,
            "label": fruit_class.split("_", maxsplit=1)[0],
            "split": split,
            "content_sha256": f"{i:064x}",
            "predicted_label": fruit_class,
            "probability": i / n,
            "top_labels": [fruit_class, "other"],
            "top_probabilities": [i / n, 0.0],
        }
        for i in range(n)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=PREDICTIONS)


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse.at(tmp_path)
    table = warehouse.table("predictions")
    batches = [prediction_rows("Kiwi", 10), prediction_rows("Cherry_1", 20), prediction_rows("Cherry_2", 5, "training")]
    table.commit(write_batches(table.root, table.schema, "fruit_class", batches, table.write_options), None)
    return warehouse


def test_a_table_is_a_dataframe_with_the_columns_asked_for(spark: SparkSession, warehouse: Warehouse) -> None:
    frame = read_table(spark, warehouse, "predictions", ["label", "fruit_class", "probability"])
    counts = {
        (row["label"], row["fruit_class"]): row["count"]
        for row in frame.groupBy("label", "fruit_class").count().collect()
    }
    assert frame.columns == ["label", "fruit_class", "probability"]
    assert counts == {("Kiwi", "Kiwi"): 10, ("Cherry", "Cherry_1"): 20, ("Cherry", "Cherry_2"): 5}


def test_lists_and_all_columns_come_through(spark: SparkSession, warehouse: Warehouse) -> None:
    row = read_table(spark, warehouse, "predictions").where("path = 'Kiwi/003.jpg'").collect()[0]
    assert row["top_labels"] == ["Kiwi", "other"]
    assert row["top_probabilities"] == pytest.approx([0.3, 0.0])


def test_other_partitions_are_not_opened(spark: SparkSession, warehouse: Warehouse) -> None:
    for path in Path(warehouse.table("predictions").root.path).glob("fruit_class=Cherry*/*.parquet"):
        path.write_bytes(b"not to be read")
    assert read_table(spark, warehouse, "predictions", ["path"], partitions=["Kiwi", "Pear"]).count() == 10
    assert read_table(spark, warehouse, "predictions", ["path"], partitions=["Pear"]).count() == 0


def test_filters_are_exact(spark: SparkSession, warehouse: Warehouse) -> None:
    def count(*filters: Filter) -> int:
        return read_table(spark, warehouse, "predictions", ["path"], filters=filters).count()

    assert count(("split", "=", "training")) == 5
    assert count(("probability", ">=", 0.5), ("label", "=", "Kiwi")) == 5
    assert count(("path", "in", ["Kiwi/003.jpg", "Cherry_2/001.jpg", "nowhere"])) == 2
    assert count(("path", "<", "A")) == 0


def test_one_dataframe_answers_several_questions(spark: SparkSession, warehouse: Warehouse) -> None:
    # With `pushFilters`, Spark 4.3.0 answered the last of these with the filters of the one before.
    frame = read_table(spark, warehouse, "predictions", ["path", "split"])
    assert frame.where("split = 'training'").count() == 5
    assert frame.where("length(path) = 12").count() == 10
    assert frame.count() == 35


def test_a_dataframe_replaces_partitions_in_one_commit(spark: SparkSession, warehouse: Warehouse) -> None:
    table = warehouse.table("predictions")
    before, version = table.files(["Cherry_1", "Cherry_2"]), table.version()
    best = (
        read_table(spark, warehouse, "predictions").where("fruit_class = 'Kiwi' and probability > 0.75").repartition(2)
    )
    write_table(best, warehouse, "predictions", replace=["Kiwi"])
    assert table.counts()["Kiwi"].rows == 2
    assert table.files(["Cherry_1", "Cherry_2"]) == before
    assert table.version() == (version or 0) + 1


def test_a_failing_write_leaves_the_table_and_no_files(spark: SparkSession, warehouse: Warehouse) -> None:
    table = warehouse.table("predictions")
    files = set(Path(table.root.path).rglob("*.parquet"))
    frame = read_table(spark, warehouse, "predictions").selectExpr(
        "* except (label)", "if(path like '%9.jpg', raise_error('torn'), label) label"
    )
    with pytest.raises(Exception, match="torn"):
        write_table(frame, warehouse, "predictions", replace=["Kiwi"])
    assert table.counts()["Kiwi"].rows == 10
    assert set(Path(table.root.path).rglob("*.parquet")) == files


def test_a_commit_whose_answer_was_lost_keeps_its_files(spark: SparkSession, warehouse: Warehouse) -> None:
    table = warehouse.table("predictions")
    frame = read_table(spark, warehouse, "predictions").where("fruit_class = 'Kiwi'")
    rows = frame.toArrow().combine_chunks().to_batches()
    writer = TableWriter(table, ["Kiwi"])
    messages: list[WriterCommitMessage | None] = [writer.write(iter(rows))]
    writer.commit(messages)
    writer.abort(messages)  # what Spark does where `commit` has raised
    assert table.read(["path"], ["Kiwi"]).num_rows == 10


def test_a_table_is_not_overwritten_as_a_whole(spark: SparkSession, warehouse: Warehouse) -> None:
    frame = read_table(spark, warehouse, "predictions")
    options = {"warehouse": warehouse.root.uri, "table": "predictions"}
    with pytest.raises(Exception, match="mode append with the option replace"):
        frame.write.format("image_assets").options(**options).mode("overwrite").save()
    assert warehouse.table("predictions").counts()["Kiwi"].rows == 10


def test_unknown_tables_and_columns_are_named(spark: SparkSession, warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match=r"no column.*pixels"):
        read_table(spark, warehouse, "predictions", ["pixels"])
    with pytest.raises(WarehouseError, match="materialize the asset raw_images first"):
        read_table(spark, warehouse, "raw_images")
    with pytest.raises(WarehouseError, match="there is no table 'nuts'"):
        read_table(spark, warehouse, "nuts")


def test_sql_reads_tables_by_their_format(spark: SparkSession, warehouse: Warehouse) -> None:
    options = {"warehouse": warehouse.root.uri, "table": "predictions", "columns": '["fruit_class", "probability"]'}
    spark.read.format("image_assets").options(**options).load().createOrReplaceTempView("predictions")
    rows = spark.sql("select fruit_class, max(probability) best from predictions group by 1 order by 1").collect()
    assert [(row["fruit_class"], round(row["best"], 2)) for row in rows] == [
        ("Cherry_1", 0.95),
        ("Cherry_2", 0.8),
        ("Kiwi", 0.9),
    ]
