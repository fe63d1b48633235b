"""Whether the Java that Spark needs is there."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from image_assets.errors import ImageAssetsError

MINIMUM_JAVA = 17
REMEDY = (
    f"install Java {MINIMUM_JAVA} or newer (Debian and Ubuntu: apt-get install openjdk-17-jre-headless; "
    "macOS: brew install openjdk@17) or point JAVA_HOME to it"
)


class JavaError(ImageAssetsError):
    """Java is missing or too old for Spark."""


def java_executable() -> str | None:
    """Find the Java that Spark would start: the one of JAVA_HOME, else the first on PATH."""
    home = os.environ.get("JAVA_HOME")
    if home:
        return shutil.which(str(Path(home, "bin", "java")))
    return shutil.which("java")


def check_java() -> int:
    """Return the major version of the Java that Spark will run on.

    Raises:
        JavaError: if there is none or it is older than Spark needs.
    """
    executable = java_executable()
    if executable is None:
        home = os.environ.get("JAVA_HOME")
        where = f"JAVA_HOME is {home!r}, which holds no bin/java" if home else "no java on PATH"
        raise JavaError(f"Spark needs Java, and none was found ({where}): {REMEDY}")
    answer = subprocess.run([executable, "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    version = re.search(r'version "(?:1\.)?(\d+)', answer.stderr)
    if version is None:
        raise JavaError(f"{executable} does not tell its version (it printed {answer.stderr!r}): {REMEDY}")
    major = int(version.group(1))
    if major < MINIMUM_JAVA:
        raise JavaError(f"Spark needs Java {MINIMUM_JAVA}, but {executable} is Java {major}: {REMEDY}")
    return major
