# SPDX-License-Identifier: MIT
"""Documentation that is made from tables in the code says what the code says."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness


def test_snapshot_format():
    tables = subprocess.run(
        [harness.BUILD / "snapshot" / "snapshot-describe"], capture_output=True, text=True, check=True
    ).stdout
    page = (harness.REPOSITORY / "docs" / "snapshot-format.md").read_text()
    assert page.endswith(tables), "run snapshot-describe and put its output behind the first part"
