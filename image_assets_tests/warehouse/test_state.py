from datetime import UTC, datetime, timedelta

from image_assets.warehouse.state import partition_states
from image_assets_tests.assets.project import CLASSES, ROWS, Project, Run


def test_the_log_tells_rows_times_bounds_and_commit_of_each_partition(chain: Run) -> None:
    states = partition_states(chain.project.table("cnn_features"))
    assert {name: state.rows for name, state in states.items()} == {name: ROWS[name] - 1 for name in CLASSES}
    metadata = chain.metadata("cnn_features")
    for name, state in states.items():
        assert state.commit is not None
        assert state.commit.version == metadata[name]["delta_version"]
        assert state.commit.run == chain.result.run_id
        assert state.commit.configuration == metadata[name]["configuration"]
        assert state.values("backbone") == {metadata[name]["configuration"]["backbone"]}
        assert state.bytes == metadata[name]["bytes"]
        assert state.first_written is not None
        assert state.last_written is not None
        assert state.first_written <= state.last_written <= state.commit.time + timedelta(seconds=1)
        assert datetime.now(UTC) - state.commit.time < timedelta(hours=1)


def test_an_emptied_partition_is_remembered_by_its_commit(project: Project) -> None:
    table = project.table("predictions")
    version = table.commit([], ["Cherry"])
    state = partition_states(table)["Cherry"]
    assert (state.rows, state.last_written) == (0, None)
    assert state.commit is not None
    assert state.commit.version == version


def test_a_table_that_was_never_written_has_no_partitions(chain: Run) -> None:
    assert partition_states(chain.project.table("imagenet_predictions")) == {}
