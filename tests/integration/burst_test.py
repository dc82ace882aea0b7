# SPDX-License-Identifier: MIT
"""Many processes that die at one moment: each is reported, whoever its user is."""
import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness
from daemon_process import Daemon

HERE = pathlib.Path(__file__).parent
COUNT = 500
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
USERS = [pytest.param([], id="self"), pytest.param(["54321"], id="user", marks=NEEDS_ROOT)]


@pytest.fixture(scope="module")
def public():
    """A directory that every user may look into, which pytest's are not."""
    with tempfile.TemporaryDirectory(prefix="crashd-burst-") as directory:
        os.chmod(directory, 0o755)
        yield pathlib.Path(directory)


@pytest.fixture(scope="module")
def burst(public):
    return harness.compile_program(HERE / "burst.c", public / "burst")


@pytest.mark.parametrize("user", USERS)
def test_500_at_once_in_a_run(burst, tmp_path, user):
    run = harness.Run(tmp_path, [burst, COUNT, *user])
    assert (run.status, run.stdout) == (0, f"{COUNT}\n")
    assert len(run.events) == COUNT, run.stderr[-2000:]
    assert {harness.frames(event)[0]["function"] for event in run.events} == {"main"}


@NEEDS_ROOT
@pytest.mark.parametrize("user", USERS)
def test_500_at_once_under_a_daemon(burst, public, tmp_path, user):
    with Daemon(tmp_path, socket_path=public / "hook.sock") as daemon:
        command = subprocess.run(
            [burst, str(COUNT), *user], capture_output=True, text=True, timeout=harness.TIMEOUT,
            env=harness.environment(LD_PRELOAD=harness.HOOK, CRASHD_SOCKET=daemon.socket))
        assert command.stdout == f"{COUNT}\n"
        assert len(set(daemon.wait_reported(COUNT))) == COUNT
