# SPDX-License-Identifier: MIT
"""An include goes only to the left (CONTRIBUTING.md); one part never reaches into another's inside."""
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

ORDER = ["base", "config", "snapshot", "symbolizer", "report", "sentry", "control"]
MAY_SEE = {folder: ORDER[: i + 1] for i, folder in enumerate(ORDER)}
MAY_SEE["crashd"] = ORDER + ["crashd"]
MAY_SEE["crashctl"] = ORDER + ["crashctl"]
MAY_SEE["libcrashhook"] = ["snapshot", "libcrashhook"]

# Of snapshot/ the hook may only have what is async-signal-safe.
HOOK_HEADERS = {"snapshot/fields.h", "snapshot/handshake.h", "snapshot/procmap.h", "snapshot/writer.h"}


def includes(path):
    return re.findall(r'^\s*#\s*include\s*"([^"]+)"', path.read_text(), re.M)


@pytest.mark.parametrize("folder", sorted(MAY_SEE))
def test_include_order(folder):
    files = [*(harness.REPOSITORY / folder).glob("*.[ch]")]
    assert files
    for path in files:
        for name in includes(path):
            assert "/" in name, f"{path}: {name}: name it from the root of the tree"
            assert name.split("/")[0] in MAY_SEE[folder], f"{path} includes {name}"
            if folder == "libcrashhook" and name.startswith("snapshot/"):
                assert name in HOOK_HEADERS, f"{path} includes {name}"


def test_sentry_words_stand_in_sentry_alone():
    """Envelope, DSN and the client's name are known to sentry/ and to its users only."""
    for folder in ("base", "snapshot", "symbolizer", "libcrashhook"):
        for path in (harness.REPOSITORY / folder).glob("*.[ch]"):
            assert not re.search(r"\b(envelope|dsn)\b", path.read_text(), re.I), path
