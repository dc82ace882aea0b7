# SPDX-License-Identifier: MIT
"""Each part is installed where the others look for it."""
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from harness import BUILD, CRASHCTL  # noqa: E402


def introspect(what):
    return json.loads(subprocess.run(["meson", "introspect", BUILD, what], check=True,
                                     capture_output=True, text=True).stdout)


def test_installed_paths():
    installed = {str(pathlib.Path(built).relative_to(BUILD)): target
                 for built, target in introspect("--installed").items()
                 if pathlib.Path(built).is_relative_to(BUILD)}
    prefix = next(option["value"] for option in introspect("--buildoptions")
                  if option["name"] == "prefix")
    strings = subprocess.run(["strings", CRASHCTL], check=True, capture_output=True,
                             text=True).stdout.splitlines()
    for built, inside in (("crashd/crashd", "sbin/crashd"),
                          ("libcrashhook/libcrashhook.so", None),
                          ("libcrashhook/lib32/libcrashhook.so", "lib32/libcrashhook.so")):
        assert installed[built] in strings, built
        assert inside is None or installed[built] == f"{prefix}/{inside}"
    libexec = pathlib.Path(installed["crashd/crashd-worker"]).parent
    daemon = subprocess.run(["strings", BUILD / "crashd" / "crashd"], check=True,
                            capture_output=True, text=True).stdout
    assert re.search(rf"^{libexec}\b", daemon, re.M)
    assert pathlib.Path(installed["crashd/crashd-network"]).parent == libexec
