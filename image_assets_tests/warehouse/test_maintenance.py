from pathlib import Path

from image_assets.warehouse.maintenance import Freed, vacuum_tables
from image_assets.warehouse.parquet import write_batches
from image_assets_tests.assets.project import Project


def rewrite(project: Project) -> int:
    """Replace a class of `predictions` by itself, leave an orphan beside it, and return the bytes of both."""
    table = project.table("predictions")
    (old,) = table.files(["Cherry"])
    batches = [batch.select(table.column_names) for batch in table.read(partitions=["Cherry"]).to_batches()]
    (new,), (orphan,) = (
        write_batches(table.root, table.schema, "fruit_class", batches, table.write_options) for _ in range(2)
    )
    table.commit([new], ["Cherry"])
    return old.size + orphan.size


def test_replaced_files_and_orphans_are_counted_then_freed(project: Project) -> None:
    size = rewrite(project)
    before = project.table("predictions").read().num_rows
    expected = [Freed("predictions", 2, size)]
    assert list(vacuum_tables(project.warehouse, 0, ["predictions"], dry_run=True)) == expected
    assert list(vacuum_tables(project.warehouse, 0, ["predictions"])) == expected
    assert list(vacuum_tables(project.warehouse, 0, ["predictions"])) == [Freed("predictions", 0, 0)]
    assert project.table("predictions").read().num_rows == before


def test_young_files_are_kept_even_if_no_version_names_them(project: Project) -> None:
    rewrite(project)
    folder = Path(project.table("predictions").root.path)
    files = sorted(folder.rglob("*.parquet"))
    freed = list(vacuum_tables(project.warehouse, 1))
    assert {item.table for item in freed} >= {"raw_images", "predictions", "evaluation"}
    assert sum(item.files for item in freed) == 0
    assert sorted(folder.rglob("*.parquet")) == files
