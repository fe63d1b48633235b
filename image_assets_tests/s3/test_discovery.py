"""Looks at a bucket that take longer than a tick of the sensor has."""

import time

import pytest
from dagster import DagsterInstance, SensorResult, build_sensor_context

from image_assets.automation.discovery import discovery_sensor
from image_assets.automation.tags import PICTURES_TAG
from image_assets.fruits.discovery import Look, Memory, look
from image_assets.resources.s3 import S3Storage
from image_assets.resources.source import ImageSourceResource
from image_assets.settings import Settings
from image_assets.vision.s3_source import S3Source
from image_assets.vision.sources import LISTINGS_AT_ONCE
from image_assets_tests.s3.server import REGION, S3Server
from image_assets_tests.s3.test_source import filled

CLASSES = [f"Fruit_{number:02}" for number in range(20)]


class Looks:
    """Looks with no time at all, each with the memory of the one before as the cursor keeps it."""

    def __init__(self, source: S3Source) -> None:
        self.source, self.memory = source, Memory(source.address)

    def one(self) -> Look:
        later = time.time() + 3600
        found = look(self.source, self.memory, later, settle_seconds=60, full_every_seconds=0, seconds=0)
        self.memory = Memory.from_json(found.done().to_json(), self.source.address)
        return found

    def until_all_is_listed(self) -> list[Look]:
        found = [self.one()]
        while found[-1].goes_on is not None:
            found.append(self.one())
        return found


def test_a_look_that_runs_out_of_time_goes_on_and_judges_at_the_end(s3_server: S3Server) -> None:
    source = filled(s3_server, "slow", *[f"pictures/Training/{name}/0.jpg" for name in CLASSES])
    looks = Looks(source)
    *before, last = looks.until_all_is_listed()
    assert [found.listed for found in before] == [LISTINGS_AT_ONCE, LISTINGS_AT_ONCE]
    assert [found.goes_on for found in before] == ["Training/Fruit_06", "Training/Fruit_14"]
    assert {(found.classes, found.vanished, len(found.ready)) for found in before} == {((), (), 0)}
    assert last.listed == 2 + len(CLASSES) - 2 * LISTINGS_AT_ONCE
    assert last.ready == dict.fromkeys(CLASSES, 1)

    client = s3_server.client()
    client.delete_object(Bucket="slow", Key="pictures/Training/Fruit_03/0.jpg")
    client.put_object(Bucket="slow", Key="pictures/Training/Fruit_17/1.jpg", Body=b"new")
    last = looks.until_all_is_listed()[-1]
    assert (last.ready, last.vanished) == ({"Fruit_17": 2}, ("Fruit_03",))
    last = looks.until_all_is_listed()[-1]
    assert (last.ready, last.vanished, len(last.classes)) == ({}, (), len(CLASSES) - 1)


def test_with_time_one_look_is_enough(s3_server: S3Server) -> None:
    source = filled(s3_server, "quick", *[f"pictures/{name}/{number}.jpg" for name in CLASSES for number in (0, 1)])
    found = look(source, Memory(source.address), time.time() + 3600, settle_seconds=60, full_every_seconds=0)
    assert (found.ready, found.goes_on, found.listed) == (dict.fromkeys(CLASSES, 2), None, 1 + len(CLASSES))


def test_a_tick_that_runs_out_of_time_says_where_the_next_one_goes_on(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("image_assets.automation.discovery.LISTING_SECONDS", 0)
    source = filled(s3_server, "ticks", *[f"pictures/{name}/0.jpg" for name in CLASSES])
    storage = S3Storage(endpoint_url=s3_server.endpoint, region_name=REGION)
    resources = {"source": ImageSourceResource(address=source.address, s3=storage)}
    sensor, cursor = discovery_sensor(Settings(settle_seconds=0)), None
    results: list[SensorResult] = []
    with DagsterInstance.ephemeral() as instance:
        for _ in range(3):
            with build_sensor_context(instance, cursor=cursor, resources=resources) as context:
                result = sensor(context)
            assert isinstance(result, SensorResult)
            cursor = result.cursor
            results.append(result)
    assert [result.skip_reason and result.skip_reason.skip_message for result in results] == [
        "8 folders are listed, for more there was no time: the next tick goes on with Fruit_07",
        "16 folders are listed, for more there was no time: the next tick goes on with Fruit_15",
        None,
    ]
    (request,) = results[-1].run_requests or []
    assert request.tags[PICTURES_TAG] == str(len(CLASSES))
