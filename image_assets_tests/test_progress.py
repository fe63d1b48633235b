import re

import pytest

from image_assets.progress import LogProgress, Meter


class Clock:
    """A clock that stands until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_meter_tells_speed_and_time_left() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.expected = 10_120
    clock.now += 25
    meter.done = 3_000
    assert (meter.seconds, meter.per_second) == (25, 120)
    assert meter.seconds_left == pytest.approx(7_120 / 120)
    assert str(meter) == "3,000 of 10,120 pictures, 120.0/s, 59 s left"


def test_before_the_first_picture_the_time_left_is_unknown() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.expected = 20
    clock.now += 5
    assert meter.seconds_left is None
    assert str(meter) == "0 of 20 pictures, 0.0/s"


def test_a_meter_that_was_just_started_divides_by_no_zero() -> None:
    meter = Meter(Clock())
    meter.done = meter.expected = 5
    assert meter.per_second > 0
    assert meter.seconds_left == 0


def test_a_log_has_a_line_for_each_report_that_is_due_and_one_at_the_end() -> None:
    lines: list[str] = []
    progress = LogProgress(lines.append, every_seconds=0)
    progress.start("raw_images")
    progress.report(0, 8)
    progress.report(4, 8)
    progress.report(8, 8)
    progress.finish()
    assert [line.split(" pictures")[0] for line in lines] == [
        "raw_images: 4 of 8",
        "raw_images: 8 of 8",
        "raw_images: 8",
    ]


def test_the_last_line_tells_what_is_done_and_no_time_left() -> None:
    lines: list[str] = []
    progress = LogProgress(lines.append)
    progress.start("cnn_features")
    progress.report(0, 28)
    progress.report(25, 28)  # three pictures have ended as failures before
    progress.finish()
    assert len(lines) == 1
    assert re.fullmatch(r"cnn_features: 25 pictures in 0\.\d s, [\d,]+\.\d/s", lines[0])


def test_a_log_is_quiet_between_the_lines() -> None:
    lines: list[str] = []
    progress = LogProgress(lines.append, every_seconds=3600)
    progress.start("raw_images")
    for done in range(1000):
        progress.report(done, 1000)
    assert lines == []
    progress.finish()
    assert len(lines) == 1
    assert lines[0].startswith("raw_images: 999 pictures in ")


def test_each_stage_counts_from_zero() -> None:
    lines: list[str] = []
    progress = LogProgress(lines.append, every_seconds=0)
    for stage, done in (("raw_images", 8), ("decoded_frames", 5)):
        progress.start(stage)
        progress.report(done, 8)
    assert [line.split(" pictures")[0] for line in lines] == ["raw_images: 8 of 8", "decoded_frames: 5 of 8"]


def test_rows_are_called_what_they_are() -> None:
    lines: list[str] = []
    progress = LogProgress(lines.append, every_seconds=0)
    progress.start("pixel_series")
    progress.report(2016, 4032)
    progress.finish()
    assert lines[0].startswith("pixel_series: 2,016 of 4,032 series, ")
    assert " 2,016 series in " in lines[1]
