"""What tests of bfloat16 need of the machine."""

import pytest

from image_assets.errors import SettingsError
from image_assets.vision.engine import EngineOptions, check_precision


def skip_without_bfloat16() -> None:
    """Skip a test, with the reason, where the processor has no instructions for bfloat16."""
    try:
        check_precision(EngineOptions(precision="bfloat16"))
    except SettingsError as error:
        pytest.skip(str(error))
