# SPDX-License-Identifier: MIT
"""The report says how to get the debug information that it lacks."""
import json
import os
import pathlib
import struct
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

LIBRARY = "int fail(int *p) { return *p + 1; }\n"
PROGRAM = "int fail(int *p); int main(void) { return fail(0) + 1; }\n"
ZLIB = """
#include <zlib.h>
int main(void) {
    unsigned char out[100];
    z_stream s = {0};
    deflateInit(&s, 1);
    s.next_in = (void *)8;
    s.avail_in = 100;
    s.next_out = out;
    s.avail_out = 100;
    return deflate(&s, Z_FINISH);
}
"""


def build(directory, program, *flags):
    (directory / "victim.c").write_text(program)
    subprocess.run(["gcc", "-o", directory / "victim", directory / "victim.c", *flags], check=True)
    return directory / "victim"


def with_library(directory, *flags, note=None):
    """A program with debug information and a library that was built with flags."""
    (directory / "library.c").write_text(LIBRARY)
    library = directory / "libfail.so.1"
    subprocess.run(["gcc", "-shared", "-fPIC", *flags, "-o", library, directory / "library.c"],
                   check=True)
    if note is not None:
        text = json.dumps(note).encode()
        (directory / "note").write_bytes(struct.pack("<III4s", 4, len(text), 0xCAFE1A7E, b"FDO")
                                         + text)
        subprocess.run(["objcopy", "--add-section", f".note.package={directory}/note", library],
                       check=True)
    return build(directory, PROGRAM, "-g", library)


def remedy(run, module):
    lines = [line for line in run.stderr.splitlines() if f" {module} " in line and "build-id" in line]
    assert len(lines) == 1, run.stderr
    return lines[0].split("): ")[1] if "): " in lines[0] else None


def test_built_without(tmp_path):
    assert remedy(harness.Run(tmp_path, [with_library(tmp_path)]), "libfail.so.1") == \
        "build it with -g"


def test_nothing_is_missing(tmp_path):
    run = harness.Run(tmp_path, [with_library(tmp_path, "-g")])
    assert "libfail.so.1 full" in run.stderr and "build it" not in run.stderr


@pytest.mark.skipif(not os.path.exists("/var/lib/dpkg/info/zlib1g:amd64.list"),
                    reason="no zlib1g of dpkg's here")
def test_package_of_debian(tmp_path):
    if list(pathlib.Path("/usr/lib/debug").glob("**/zlib1g*")):
        pytest.skip("its debug information is here")
    run = harness.Run(tmp_path, [build(tmp_path, ZLIB, "-g", "-lz")])
    (library,) = {pathlib.Path(f["package"]).name for f in harness.frames(run.event)
                  if "libz.so" in f.get("package", "")}
    assert remedy(run, library).startswith("apt install zlib1g-dbgsym")
    assert remedy(run, library).endswith(" or set debuginfod-urls")


@pytest.mark.parametrize("note,expected", [
    ({"type": "rpm", "name": "fail-libs", "version": "1-2.fc37"},
     "dnf debuginfo-install fail-libs or set debuginfod-urls"),
    ({"type": "deb", "name": "libfail1", "version": "1"}, "apt install libfail1-dbgsym"),
    ({"type": "deb", "name": "libc6", "version": "1"},
     "apt install libc6-dbg or set debuginfod-urls"),
    ({"type": "rpm", "name": "x; rm -rf ~", "version": "1"}, "build it with -g"),
    ({"type": "rpm", "name": "--option", "version": "1"}, "build it with -g"),
    ({"type": "rpm", "name": ["x"]}, "build it with -g"),
    (["rpm"], "build it with -g"),
])
def test_package_note(tmp_path, note, expected):
    run = harness.Run(tmp_path, [with_library(tmp_path, note=note)])
    assert remedy(run, "libfail.so.1").startswith(expected)


def test_servers_are_configured(tmp_path):
    """That it is not there is no reason to configure it."""
    config = tmp_path / "run.conf"
    config.write_text("[crashd]\ndebuginfod-urls = http://127.0.0.1:9/\n")
    run = harness.Run(tmp_path, [with_library(tmp_path, note={"type": "rpm", "name": "fail"})],
                      "--config", config)
    said = remedy(run, "libfail.so.1")
    assert said.startswith("dnf debuginfo-install fail") and "set debuginfod-urls" not in said
