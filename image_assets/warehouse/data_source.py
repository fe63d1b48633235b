"""The tables of the warehouse as Spark DataFrames: a Python data source over Delta, without jars.

Tasks read and write Parquet; the log is delta-rs's. Reading takes the wanted columns, since Spark does not prune those
of a Python data source: a question about keys never touches pixels. It takes partitions, which skip files, and filters,
which skip row groups by their statistics and keep rows that do not match inside the Python worker.

Spark could push filters by itself (`pushFilters`), but Spark 4.3.0 keeps those of an earlier query on the same
DataFrame for a later one that pushes none, and so loses rows: they are options here.

Source: https://spark.apache.org/docs/latest/api/python/tutorial/sql/python_data_source.html
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import datasource as api
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from image_assets.errors import WarehouseError
from image_assets.s3.connection import S3Connection
from image_assets.warehouse.parquet import DataFile, delete_files, write_batches
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

FORMAT = "image_assets"
BATCH_ROWS = 256

Filter = tuple[str, str, Any]
"""Column, comparison (`=`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `not in`), value: as in `pyarrow.parquet.read_table`."""


def register(spark: SparkSession) -> None:
    """Let a session read the format `image_assets`: its options are `warehouse`, `table` and those of `read_table`."""
    spark.dataSource.register(TableSource)


def read_table(
    spark: SparkSession,
    warehouse: Warehouse,
    name: str,
    columns: Sequence[str] | None = None,
    *,
    partitions: Sequence[str] | None = None,
    filters: Sequence[Filter] = (),
) -> DataFrame:
    """Return a table as a DataFrame.

    Args:
        spark: the session.
        warehouse: that holds the table.
        name: of the table.
        columns: the columns to read; others are not touched. All by default.
        partitions: values of the partition column; files of others are not opened. All by default.
        filters: conditions that every row fulfils, on any columns but the partition column.

    Raises:
        WarehouseError: if the table does not exist or has no such column.
    """
    table = warehouse.table(name)
    table.snapshot()
    names = table.column_names if columns is None else list(columns)
    table.check_columns([*names, *(column for column, _, _ in filters)])
    register(spark)
    options = {
        **_address(warehouse),
        "table": name,
        "columns": json.dumps(names),
        "partitions": json.dumps(None if partitions is None else list(partitions)),
        "filters": json.dumps(list(filters)),
    }
    return spark.read.format(FORMAT).options(**options).load()


def write_table(frame: DataFrame, warehouse: Warehouse, name: str, replace: Iterable[str] | None) -> None:
    """Write a DataFrame with the columns of a table, and commit it in one transaction.

    Args:
        frame: has every column of the table, in any order.
        warehouse: that holds the table.
        name: of the table.
        replace: partitions whose earlier rows leave the table in the same transaction; None appends.
    """
    register(frame.sparkSession)
    options = {
        **_address(warehouse),
        "table": name,
        "targetfilemib": str(warehouse.target_file_mib),
        "replace": json.dumps(None if replace is None else list(replace)),
    }
    frame.select(*warehouse.table(name).column_names).write.format(FORMAT).options(**options).mode("append").save()


def _address(warehouse: Warehouse) -> dict[str, str]:
    """Return the options that say where a warehouse is; they appear in plans, and hold no secret."""
    root = warehouse.root
    return {"warehouse": root.uri, "s3": json.dumps(None if root.s3 is None else root.s3.to_json())}


class TableSource(api.DataSource):
    """The format `image_assets`."""

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return FORMAT

    def _table(self) -> Table:
        connection = self._option("s3")
        warehouse = Warehouse.at(
            self.options["warehouse"],
            int(self.options.get("targetfilemib", "128")),
            None if connection is None else S3Connection.from_json(connection),
        )
        return warehouse.table(self.options["table"])

    def _option(self, name: str) -> Any:
        """Return an option that is JSON, None where it is absent."""
        return json.loads(self.options.get(name, "null"))

    def schema(self) -> "StructType":
        """Return the wanted columns."""
        table = self._table()
        names = self._option("columns") or table.column_names
        table.check_columns(names)
        return from_arrow_schema(pa.schema([table.schema.field(name) for name in names]))

    def reader(self, schema: "StructType") -> "TableReader":
        """Return a reader of the columns of a schema."""
        filters = [(column, comparison, value) for column, comparison, value in self._option("filters") or []]
        return TableReader(self._table(), to_arrow_schema(schema), self._option("partitions"), filters)

    def writer(self, schema: "StructType", overwrite: bool) -> "TableWriter":  # noqa: ARG002
        """Return a writer; which partitions it replaces is an option of its own.

        Raises:
            WarehouseError: the mode is `overwrite`, which says nothing of partitions.
        """
        if overwrite:
            raise WarehouseError(
                f"mode overwrite would replace all of {self.options['table']}: write in mode append with the option "
                'replace, a JSON list of partitions such as ["Kiwi"]'
            )
        return TableWriter(self._table(), self._option("replace"))


@dataclass
class FilePartition(api.InputPartition):
    """One file."""

    path: str
    value: str


@dataclass
class TableReader(api.DataSourceReader):
    """Reads files of the latest version, those of the wanted partitions only."""

    table: Table
    schema: pa.Schema
    values: list[str] | None
    filters: list[Filter]

    def partitions(self) -> list[FilePartition]:
        """List the files, from the log."""
        return [FilePartition(file.path, file.partition) for file in self.table.files(self.values)]

    def read(self, partition: api.InputPartition) -> Iterator[pa.RecordBatch]:
        """Read one file as batches of the wanted columns."""
        if not isinstance(partition, FilePartition):
            return  # what Spark hands over where there is no file
        location = self.table.root.join(partition.path)
        fragment = ds.ParquetFileFormat().make_fragment(location.open_input())
        stored = [name for name in self.schema.names if name != self.table.partition_column]
        rows = pq.filters_to_expression(self.filters) if self.filters else None
        for batch in fragment.to_batches(columns=stored, filter=rows, batch_size=BATCH_ROWS, use_threads=False):
            value = pa.repeat(pa.scalar(partition.value), batch.num_rows)
            arrays = [batch[item.name].cast(item.type) if item.name in stored else value for item in self.schema]
            yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)


@dataclass
class Written(api.WriterCommitMessage):
    """The files of one task."""

    files: list[DataFile]


@dataclass
class TableWriter(api.DataSourceArrowWriter):
    """Writes files in tasks and commits them in the driver."""

    table: Table
    replace: list[str] | None

    def write(self, iterator: Iterator[pa.RecordBatch]) -> Written:
        """Write the rows of one task."""
        table = self.table
        return Written(write_batches(table.root, table.schema, table.partition_column, iterator, table.write_options))

    def commit(self, messages: list[api.WriterCommitMessage | None]) -> None:
        """Publish the files of all tasks at once."""
        self.table.commit(list(_files(messages)), self.replace)

    def abort(self, messages: list[api.WriterCommitMessage | None]) -> None:
        """Remove the files of the tasks that had ended.

        Spark aborts where `commit` raises, too, as it does where a commit was carried out and its answer was lost:
        files that the table names stay.
        """
        published = {file.path for file in self.table.files()}
        delete_files(self.table.root, [file.path for file in _files(messages) if file.path not in published])


def _files(messages: Iterable[api.WriterCommitMessage | None]) -> Iterator[DataFile]:
    return chain.from_iterable(message.files for message in messages if isinstance(message, Written))
