# SPDX-License-Identifier: MIT
"""What the tests of real programs share: where a program is, how its death must look."""
import os
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from harness import HOOK, Run, environment, frames, title  # noqa: E402

LIBRARIES = pathlib.Path("/usr/lib/x86_64-linux-gnu")


def need(path, package):
    """The file of a Debian package; where it is missing the test is skipped, by name."""
    if not os.access(path, os.F_OK):
        pytest.skip(f"{path} is missing: package {package} (.ci/deps hosts)")
    return str(path)


def check_quiet(run, status=0):
    """Nothing is reported, and the program ends as it would without the hook."""
    assert [title(event) for event in run.events] == [], run.stderr
    assert run.status == status, (run.status, run.stdout, run.stderr)


def check_death(event, name, kind, exe=None):
    """The first cause, by the signal's name, and in which program."""
    tags = event["tags"]
    assert (tags["signal"], tags["kind"]) == (name, kind), title(event)
    if exe is not None:
        assert tags["exe"] == os.path.realpath(exe)


def culprit(event):
    """The newest frame that has a name and is not libc's own."""
    for frame in frames(event):
        if "/libc.so" not in frame.get("package", "") and "function" in frame:
            return frame["function"]
    return None


def names(event):
    return [frame.get("function") for frame in frames(event)]


def killed_by(number):
    return -int(number)


SEGV, ABRT = killed_by(signal.SIGSEGV), killed_by(signal.SIGABRT)

__all__ = ["ABRT", "HOOK", "LIBRARIES", "Run", "SEGV", "check_death", "check_quiet", "culprit", "environment", "frames",
           "names", "need", "title"]
