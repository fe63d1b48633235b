from datetime import UTC, datetime

from image_assets.warehouse.following import other_configuration
from image_assets.warehouse.state import Commit, PartitionState


def test_a_setting_that_is_another_now_is_told_under_the_name_that_users_know() -> None:
    commit = Commit(1, datetime.now(UTC), configuration={"n_size": 1, "sigma": 2, "seed": 3})
    found = {"tiles": PartitionState(commit=commit)}
    wanted = {"n_size": 2, "sigma": 2, "seed": 4, "unknown then": 5}
    assert other_configuration("tiles", found, wanted, names={"n_size": "IMAGE_ASSETS_SCENES_RADIUS"}) == [
        "tiles was computed with IMAGE_ASSETS_SCENES_RADIUS 1, set is 2",
        "tiles was computed with seed 3, set is 4",
    ]
    assert other_configuration("tiles", found, wanted, own=("n_size", "seed")) == []
