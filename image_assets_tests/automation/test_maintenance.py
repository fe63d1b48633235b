from pathlib import Path

from image_assets.warehouse.recipes import recipes_of
from image_assets.warehouse.state import partition_states
from image_assets_tests.assets.project import CLASSES, ROWS, Project
from image_assets_tests.assets.test_only_what_changed import STAGES, changes, draw, sorted_rows


def test_vacuum_gathers_small_files_and_deletes_what_no_table_needs(project: Project) -> None:
    assert project.run("raw_images", classes=CLASSES).result.success
    for day in range(3):
        draw(project, f"Training/Cherry/day{day}.jpg", day)
        run = project.run(*STAGES[:3], classes=["Cherry"])
        assert changes(run, "cnn_features")["Cherry"] == (1, 6 + day, 0)
    table = project.table("cnn_features")
    before = {name: sorted_rows(project, name) for name in STAGES[:3]}
    recipes = recipes_of(table, table.files(["Cherry"]))
    assert len(table.files(["Cherry"])) == 4

    job = project.definitions().resolve_job_def("vacuum")
    config = {"ops": {"vacuum_tables": {"config": {"retention_hours": 0}}}}
    assert job.execute_in_process(instance=project.instance, run_config=config).success

    assert {name: sorted_rows(project, name) for name in STAGES[:3]} == before
    assert len(table.files(["Cherry"])) == 1
    assert recipes_of(table, table.files(["Cherry"])) == recipes
    # New files of old rows do not make the rows younger than what they were computed from.
    state = partition_states(table)["Cherry"]
    assert state.commit is not None
    assert state.first_written == state.commit.time
    assert state.last_written is not None
    assert state.last_written > state.commit.time
    on_disk = {str(path.relative_to(table.root.path)) for path in Path(table.root.path).rglob("*.parquet")}
    assert {path for path in on_disk if not path.startswith("_")} == {file.path for file in table.files()}
    # What was gathered is not computed again.
    run = project.run(*STAGES[:3], classes=["Cherry"])
    assert changes(run, "cnn_features")["Cherry"] == (0, ROWS["Cherry"] + 2, 0)
