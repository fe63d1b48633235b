"""A table of the warehouse: a Delta Lake table whose files others write and whose log is kept by delta-rs.

Readers see one version of the table or the next, never a mixture. Replacing partitions is one transaction; two
writers of different partitions both succeed, of two writers of the same partition the last one wins. A writer that
dies leaves files that no version names, which `vacuum` removes.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from image_assets.errors import S3Error, StalePlanError, WarehouseError
from image_assets.s3.refusals import explained
from image_assets.warehouse.location import Location
from image_assets.warehouse.log import PartitionCounts, add_action, data_files, partition_counts
from image_assets.warehouse.parquet import DataFile, WriteOptions
from image_assets.warehouse.reading import read_batches
from image_assets.warehouse.transactions import transact

REPLACED = "replaced_partitions"
"""Commit property: the partitions that a commit replaced, as JSON; the log itself names none of them."""


@dataclass(frozen=True)
class Table:
    """A named Delta table with a fixed schema, partitioned by one string column.

    Attributes:
        name: the asset's name, and the folder's.
        root: where the table lives.
        schema: Arrow schema, the partition column included.
        partition_column: the column whose values are replaced together.
        write_options: sizes of the files that are written.
    """

    name: str
    root: Location
    schema: pa.Schema
    partition_column: str
    write_options: WriteOptions = field(default_factory=WriteOptions)

    @cached_property
    def column_names(self) -> list[str]:
        """Names of all columns, in order."""
        return list(self.schema.names)

    def with_recipe(self, recipe: str | None) -> "Table":
        """Return the table as writers see it whose files tell a recipe."""
        return replace(self, write_options=replace(self.write_options, recipe=recipe))

    def exists(self) -> bool:
        """Whether anything was ever committed."""
        with explained(self.root.uri):
            return bool(DeltaTable.is_deltatable(self.root.uri, storage_options=self.root.delta_options))

    def snapshot(self, version: int | None = None) -> DeltaTable:
        """Open the table at a version, the latest by default.

        Raises:
            WarehouseError: if the table does not exist.
        """
        try:
            with explained(self.root.uri):
                return DeltaTable(self.root.uri, version=version, storage_options=self.root.delta_options)
        except TableNotFoundError as error:
            raise WarehouseError(
                f"table {self.name!r} does not exist at {self.root.uri}: materialize the asset {self.name} first"
            ) from error

    def files_by_partition(
        self, partitions: Sequence[str], version: int | None = None
    ) -> dict[str, tuple[DataFile, ...]]:
        """List the files of each of these partitions, reading the log once."""
        found: dict[str, list[DataFile]] = {name: [] for name in partitions}
        for file in self.files(partitions, version):
            found[file.partition].append(file)
        return {name: tuple(files) for name, files in found.items()}

    def stored_types(self) -> dict[str, str]:
        """Return names and types of the columns that the log declares, in their order."""
        return {field.name: field.type.to_json().strip('"') for field in self.snapshot().schema().fields}

    def contract_types(self) -> dict[str, str]:
        """Return names and types of the columns that the table should have, in the same words."""
        return {field.name: field.type.to_json().strip('"') for field in Schema.from_arrow(self.schema).fields}

    def version(self) -> int | None:
        """The latest version, None while the table does not exist."""
        return int(self.snapshot().version()) if self.exists() else None

    def files(self, partitions: Iterable[str] | None = None, version: int | None = None) -> list[DataFile]:
        """List the files of a version, the latest by default, of the given partitions or of all.

        Empty if there is no table.
        """
        if not self.exists():
            return []
        return data_files(self.snapshot(version), self.partition_column, partitions)

    def counts(self, partitions: Iterable[str] | None = None) -> dict[str, PartitionCounts]:
        """Count rows, bytes, files and nulls per partition, from the log alone.

        Partitions without rows are absent; the ones asked for are present in any case.
        """
        wanted = None if partitions is None else list(partitions)
        found = partition_counts(self.snapshot(), self.partition_column) if self.exists() else {}
        return found if wanted is None else {value: found.get(value, PartitionCounts()) for value in wanted}

    def read(self, columns: Sequence[str] | None = None, partitions: Iterable[str] | None = None) -> pa.Table:
        """Read columns of partitions into this process: for keys, samples and other small questions.

        Args:
            columns: names; all by default. Others are not read from disk.
            partitions: values of the partition column; all by default.
        """
        names = self.column_names if columns is None else list(columns)
        self.check_columns(names)
        batches = (
            batch
            for file in self.files(partitions)
            for batch in read_batches(self.root, file.path, names, {self.partition_column: file.partition})
        )
        fields = [self.schema.field(name).with_nullable(True).remove_metadata() for name in names]
        return pa.Table.from_batches(batches, schema=pa.schema(fields))

    def head(self, rows: int, columns: Sequence[str], partitions: Iterable[str] | None = None) -> pa.Table:
        """Read the first rows of the largest file, touching no more than one row group: for previews."""
        self.check_columns(columns)
        fields = [self.schema.field(name).with_nullable(True).remove_metadata() for name in columns]
        for file in sorted(self.files(partitions), key=lambda file: -file.rows)[:1]:
            constants = {self.partition_column: file.partition}
            for batch in read_batches(self.root, file.path, columns, constants, batch_rows=rows):
                return pa.Table.from_batches([batch], schema=pa.schema(fields))
        return pa.schema(fields).empty_table()

    def commit(
        self,
        files: Sequence[DataFile],
        replace: Sequence[str] | None,
        properties: Mapping[str, str] | None = None,
    ) -> int:
        """Publish written files in one transaction.

        Args:
            files: what the tasks wrote.
            replace: partitions whose earlier files leave the table in the same transaction; None appends.
            properties: recorded in the Delta log with the commit, such as the run.

        Returns:
            The version that was committed.

        Raises:
            WarehouseError: if the table has another schema, or other writers win every time.
        """
        filters = None if replace is None else [(self.partition_column, "in", list(replace))]
        named = {} if replace is None else {REPLACED: json.dumps(list(replace))}
        return self._transact(lambda _: [], files, filters, {**named, **(properties or {})})

    def exchange(
        self,
        files: Sequence[DataFile],
        removed: Sequence[DataFile],
        *,
        partition: str,
        base: Sequence[DataFile],
        properties: Mapping[str, str] | None = None,
        same_rows: bool = False,
    ) -> int:
        """Publish written files and take others out, in one transaction; the rest of the partition stays as it is.

        Args:
            files: what the tasks wrote.
            removed: files of the partition that leave the table.
            partition: the one partition that all of them belong to.
            base: files that the partition had when the change was planned.
            properties: recorded in the Delta log with the commit, such as the run.
            same_rows: the written files hold the rows of the removed ones, so that followers of the log skip them.

        Returns:
            The version that was committed.

        Raises:
            StalePlanError: if another writer has changed the partition since; nothing was changed.
            WarehouseError: if the table has another schema, or other writers win every time.
        """
        expected = {file.path for file in base}
        now = int(time.time() * 1000)

        def removals(delta: DeltaTable) -> list[RemoveAction]:
            found = {file.path for file in data_files(delta, self.partition_column, [partition])}
            if found != expected:
                raise StalePlanError(
                    f"table {self.name!r}: another run has changed {partition} meanwhile; materialize it again"
                )
            values: dict[str, str | None] = {self.partition_column: partition}
            return [RemoveAction(file.path, not same_rows, now, file.size, values) for file in removed]

        named = {} if same_rows else {REPLACED: json.dumps([partition])}
        return self._transact(removals, files, None, {**named, **(properties or {})}, same_rows=same_rows)

    def _transact(
        self,
        removals: Callable[[DeltaTable], list[RemoveAction]],
        files: Sequence[DataFile],
        filters: list[tuple[str, str, list[str]]] | None,
        properties: Mapping[str, str],
        *,
        same_rows: bool = False,
    ) -> int:
        schema = Schema.from_arrow(self.schema)
        added: list[AddAction | RemoveAction] = [
            add_action(file, self.partition_column, data_change=not same_rows) for file in files
        ]

        def write(delta: DeltaTable, settings: CommitProperties) -> None:
            with explained(self.root.uri):  # here, too: a server that is away is no other writer
                delta.create_write_transaction(
                    [*added, *removals(delta)],
                    mode="append" if filters is None else "overwrite",
                    schema=schema,
                    partition_by=[self.partition_column],
                    partition_filters=filters,
                    commit_properties=settings,
                )

        with explained(self.root.uri):
            return transact(self.name, lambda: self._open_or_create(schema), write, properties)

    def vacuum(self, retention_hours: int, *, dry_run: bool = False) -> list[str]:
        """Remove files that no version of the last `retention_hours` names, and return their paths.

        Files younger than that are kept even if no version names them: a run may be about to commit them.

        Args:
            retention_hours: how long what was replaced stays readable.
            dry_run: only return what would be removed.
        """
        if not self.exists():
            return []
        with explained(self.root.uri):
            removed = self.snapshot().vacuum(
                retention_hours=retention_hours, dry_run=dry_run, enforce_retention_duration=False, full=True
            )
        return list(removed)

    def _open_or_create(self, schema: Schema) -> DeltaTable:
        if not self.exists():
            self.root.make_folder()
            try:
                with explained(self.root.uri):
                    create_table_with_add_actions(
                        self.root.uri,
                        schema,
                        [],
                        mode="error",
                        partition_by=[self.partition_column],
                        name=self.name,
                        storage_options=self.root.delta_options,
                        # Two writers that create the table at once must not both commit its creation.
                        commit_properties=CommitProperties(max_commit_retries=0),
                    )
            except (DeltaError, S3Error):
                if not self.exists():  # otherwise it was created meanwhile, by another writer or by a request that S3
                    raise  # carried out without an answer
        delta = self.snapshot()
        found = [(f.name, f.type) for f in delta.schema().fields]
        expected = [(f.name, f.type) for f in schema.fields]
        if found != expected:
            raise WarehouseError(
                f"table {self.name!r} at {self.root.uri} has other columns than this version writes: "
                f"found {[name for name, _ in found]}, expected {[name for name, _ in expected]}; "
                "move the table away and materialize the asset again"
            )
        return delta

    def check_columns(self, names: Iterable[str]) -> None:
        """Refuse names that are no columns of the table."""
        unknown = sorted(set(names) - set(self.column_names))
        if unknown:
            raise WarehouseError(f"table {self.name!r} has no column {unknown}; its columns are {self.column_names}")
