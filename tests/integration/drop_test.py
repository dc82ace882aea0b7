# SPDX-License-Identifier: MIT
"""Snapshots in the drop directory: also those whose writer was killed before it could name them."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness
from daemon_process import snapshot

LEAVE = """
import os, shutil, sys
name = os.path.join(os.environ["CRASHD_DROP_DIR"], ".tmp-1-1-1")
shutil.copy(sys.argv[1], name)
"""


def test_a_file_that_nobody_writes_any_more_is_taken(tmp_path):
    (tmp_path / "snapshot").write_bytes(snapshot(complete=False))
    run = harness.Run(tmp_path, [sys.executable, "-c", LEAVE, tmp_path / "snapshot"])
    assert run.status == 0
    assert harness.title(run.event).startswith("SIGSEGV: Null pointer dereference")
