from datetime import UTC, datetime

import pytest

from image_assets.errors import S3Error
from image_assets.s3.connection import S3Connection, S3Keys
from image_assets.vision.s3_source import S3Source, _pages_of_any_names, changed_us
from image_assets.vision.sources import open_source
from image_assets_tests.s3.server import REGION, WRITER, S3Server


def connection(server: S3Server, **options: object) -> S3Connection:
    keys = S3Keys(WRITER.access_key, WRITER.secret_key)
    return S3Connection(**{"endpoint": server.endpoint, "region": REGION, "keys": keys, **options})  # type: ignore[arg-type]


def filled(server: S3Server, bucket: str, *keys: str) -> S3Source:
    address, client = server.bucket(bucket), server.client()
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=f"content of {key}".encode())
    return S3Source(f"{address}/pictures", connection(server))


def test_classes_are_prefixes_that_directly_hold_pictures(s3_server: S3Server) -> None:
    source = filled(
        s3_server,
        "classes",
        "pictures/Training/Apple/Apple 10/a.jpg",
        "pictures/Training/Kiwi/b.PNG",
        "pictures/Test/Apple 10/c.jpg",
        "pictures/notes/read.me",
        "pictures/.hidden/d.jpg",
        "elsewhere/Pear/e.jpg",
    )
    assert source.class_folders() == {
        "Apple_10": ["Test/Apple 10", "Training/Apple/Apple 10"],
        "Kiwi": ["Training/Kiwi"],
    }


def test_files_come_in_pages_and_none_is_lost(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("image_assets.vision.s3_source.PAGE_KEYS", 10)
    names = [f"pictures/Kiwi/{i:03}.jpg" for i in range(95)]
    source = filled(s3_server, "pages", *names, "pictures/Kiwi/deeper/0.jpg", "pictures/Kiwi/x.txt")
    files = list(source.files("Kiwi"))
    assert [file.path for file in files] == [name.removeprefix("pictures/") for name in names]
    prefix = "pictures/Kiwi/"
    slowly = list(_pages_of_any_names(source.connection, "pages", prefix))
    assert len(slowly) > 9
    assert [name for page in slowly for name, *_ in page.objects if name.endswith(".jpg")] == [
        name.removeprefix(prefix) for name in names
    ]
    assert [name for page in slowly for name in page.folders] == ["deeper"]
    assert {file.size for file in files} == {len(f"content of {names[0]}")}
    assert list(source.class_folders()) == ["Kiwi", "deeper"]


def test_many_objects_are_read_in_order(s3_server: S3Server) -> None:
    source = filled(s3_server, "many", *[f"pictures/Kiwi/{i}.jpg" for i in range(40)])
    found = list(source.read_many([f"Kiwi/{i}.jpg" for i in range(41)]))
    assert found[:40] == [f"content of pictures/Kiwi/{i}.jpg".encode() for i in range(40)]
    assert isinstance(found[40], FileNotFoundError)


@pytest.mark.parametrize("name", ["a%20b#?&+=.jpg", "ünï 苹果'\".jpg", "%2F.jpg", "..jpg"])
def test_any_name_is_listed_and_read(s3_server: S3Server, name: str) -> None:
    source = filled(s3_server, f"names-{abs(hash(name))}", f"pictures/Kiwi/{name}")
    assert [file.path for file in source.files("Kiwi")] == ([] if name.startswith(".") else [f"Kiwi/{name}"])
    assert source.read(f"Kiwi/{name}") == f"content of pictures/Kiwi/{name}".encode()


def test_a_name_that_cannot_be_requested_says_so_and_hides_no_other(s3_server: S3Server) -> None:
    source = filled(s3_server, "control", "pictures/Kiwi/a\nb.jpg", "pictures/Kiwi/c.jpg")
    assert [file.path for file in source.files("Kiwi")] == ["Kiwi/a\nb.jpg", "Kiwi/c.jpg"]
    assert list(source.class_folders()) == ["Kiwi"]
    with pytest.raises(OSError, match="character that cannot be requested"):
        source.read("Kiwi/a\nb.jpg")


def test_an_object_replaced_within_the_second_has_another_time() -> None:
    moment = datetime(2026, 11, 21, 12, 0, 7, tzinfo=UTC)
    times = {changed_us(moment, etag) for etag in ('"a1"', '"b2"')}
    assert len(times) == 2
    assert {time // 1_000_000 for time in times} == {int(moment.timestamp())}


def test_the_source_is_found_by_its_address_alone(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(s3_server, "alone", "pictures/Kiwi/a.jpg")
    monkeypatch.setattr("image_assets.vision.sources.standard_connection", lambda: connection(s3_server, keys=None))
    assert open_source("s3://alone/pictures/").class_folders() == {"Kiwi": ["Kiwi"]}


def test_a_missing_bucket_is_named(s3_server: S3Server) -> None:
    with pytest.raises(S3Error, match="s3://missing/x: NoSuchBucket: there is no such bucket"):
        S3Source("s3://missing/x", connection(s3_server)).class_folders()
