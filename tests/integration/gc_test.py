# SPDX-License-Identifier: MIT
"""crashctl gc deletes what is of no use, old or too much, and nothing else."""
import fcntl
import os
import pathlib
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

DAY = 86400


class Place:
    def __init__(self, directory):
        self.state, self.made = directory / "state", directory / "made"
        (directory / "p.c").write_text("int main(void) { return 0; }\n")
        subprocess.run(["gcc", "-g", "-o", directory / "p", directory / "p.c"], check=True)
        self.run("index", "--output", self.made, directory / "p")
        (self.index,) = self.made.glob("*/*.idx")

    @staticmethod
    def run(*arguments, check=True):
        return subprocess.run([harness.CRASHCTL, *map(str, arguments)], capture_output=True,
                              text=True, check=check, env=harness.environment())

    def gc(self, *options):
        return self.run("gc", "--state-dir", self.state, "--index", self.made, *options).stdout

    def add(self, path, data=None, days=0):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.index.read_bytes() if data is None else data)
        then = time.time() - days * DAY
        os.utime(path, (then, then))
        return path


@pytest.fixture(name="place")
def a_place(tmp_path):
    return Place(tmp_path)


def test_what_is_old_goes(place):
    debug = place.state / "debuginfod" / ".build-id"
    kept = [place.index, place.add(place.state / "index" / "0" / "ab" / "cd.idx", days=29),
            place.add(debug / "ab" / "cd.debug", b"x", days=29),
            place.add(place.state / "reported" / "1" / "report.txt", b"x", days=300),
            place.add(place.state / "store.db", b"x", days=300),
            place.add(place.made / "ab" / "somebody's file", b"x", days=300)]
    old = [place.add(place.state / "index" / "1000" / "ab" / "cd.idx", days=31),
           place.add(place.made / "ab" / "cd.idx", days=31),
           place.add(debug / "ab" / "ef.debug", b"x", days=31),
           place.add(debug / "ab" / "ef", b"x", days=31)]
    said = place.gc("--dry-run")
    assert all(f"would delete {path} (not used for long)" in said for path in old)
    assert all(path.exists() for path in old + kept)
    said = place.gc()
    assert "deleted 4 of 7 files" in said
    assert all(f"deleted {path} (not used for long)" in said for path in old)
    assert all(path.exists() for path in kept) and not any(path.exists() for path in old)
    place.gc("--max-age", "28d")
    assert [path.exists() for path in kept] == [True, False, False, True, True, True]


def test_what_is_of_no_use_goes(place):
    data = bytearray(place.index.read_bytes())
    data[8] += 1
    useless = [place.add(place.made / "ab" / "other-version.idx", data),
               place.add(place.made / "ab" / "cut.idx", data[:100]),
               place.add(place.state / "index" / "0" / ".tmp-1", b"begun")]
    used = place.add(place.state / "index" / "0" / ".tmp-2", b"begun")
    with open(used) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        said = place.gc()
    assert said.count("of no use") == 3
    assert not any(path.exists() for path in useless)
    assert place.index.exists() and used.exists()


def test_what_is_too_much_goes(place):
    size = place.index.stat().st_size
    files = [place.add(place.state / "index" / "0" / "ab" / f"{days}.idx", days=days)
             for days in (4, 3, 2)]
    place.gc("--max-size", str(2 * size))
    assert [path.exists() for path in files] == [False, False, True] and place.index.exists()


def test_options(place):
    for wrong in (("--max-age", "long"), ("--max-size", "much"), ("more",)):
        assert place.run("gc", *wrong, check=False).returncode == 2
    assert "deleted 0 of 0 files" in place.run(
        "gc", "--state-dir", "/nonexistent", "--index", "/nonexistent").stdout
