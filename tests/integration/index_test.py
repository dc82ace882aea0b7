# SPDX-License-Identifier: MIT
"""The index says what the debug information says: `crashctl symbolize` prints the same bytes with
and without it, for addresses and for snapshots, and whatever becomes of the index file.

CRASHD_ADDRESSES: addresses of each program, and all of the programs; `make test-addresses` takes
10,000.
"""
import os
import pathlib
import random
import struct
import subprocess
import sys

import pytest

import address_tools
from address_programs import PROGRAMS, Unavailable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

ADDRESSES = int(os.environ.get("CRASHD_ADDRESSES", "500"))
SOME = ("c-O3-dwarf3", "c-hot-cold", "c-clang", "cxx-O0", "cxx-lto", "cxx-clang-lto", "cxx-types",
        "cxx-objcopy-zstd", "cxx-separate", "cxx-split", "cxx-dwp-dwarf4", "cxx-dwz", "generated",
        "rust", "libc")
CHOSEN = PROGRAMS if "CRASHD_ADDRESSES" in os.environ else SOME


def crashctl(*arguments, text="", check=True):
    return subprocess.run([str(harness.CRASHCTL), *map(str, arguments)], input=text, text=True,
                          capture_output=True, errors="surrogateescape", check=check,
                          env=harness.environment(DEBUGINFOD_URLS=""))


def make_index(path, directory):
    """The file with the index of path."""
    done = crashctl("index", "--output", directory, path)
    assert "MiB" in done.stdout, done
    return pathlib.Path(done.stdout.strip().rpartition(", ")[2])


def code_addresses(path, symbols, count, seed):
    """Of functions, and of anything in sections of code: padding and linkage tables, too."""
    chosen = random.Random(seed)
    found = address_tools.random_addresses(address_tools.symbols(symbols), count, seed)
    listed = subprocess.run(["readelf", "-SW", path], check=True, capture_output=True, text=True)
    for line in listed.stdout.splitlines():
        words = line.replace("[ ", "[").split()
        if len(words) > 7 and "X" in words[7]:
            start, size = int(words[3], 16), int(words[5], 16)
            found += [start - 1, start, start + size - 1, start + size]
            found += [start + chosen.randrange(size) for _ in range(count // 4)]
    return "".join(f"{address & (1 << 64) - 1:#x}\n"
                   for address in found + [0, 1, (1 << 32) + found[0], (1 << 64) - 1])


def symbolized(path, addresses, *options):
    return crashctl("symbolize", *options, "-e", path, text=addresses)


@pytest.mark.parametrize("name", CHOSEN)
def test_addresses(name, tmp_path):
    try:
        program = PROGRAMS[name](tmp_path)
    except Unavailable as reason:
        pytest.skip(str(reason))
    addresses = code_addresses(program.path, program.symbols, ADDRESSES, seed=1)
    without = symbolized(program.path, addresses)
    index = make_index(program.path, tmp_path / "index")
    for place in (index, tmp_path / "index"):
        indexed = symbolized(program.path, addresses, "--index", place)
        assert indexed.stderr == ""
        if indexed.stdout != without.stdout:
            pairs = zip(without.stdout.split("\n0x"), indexed.stdout.split("\n0x"))
            differing = [pair for pair in pairs if pair[0] != pair[1]]
            assert not differing, f"{len(differing)} differ; without and with:\n" + "\n\n".join(
                f"{a}\n{b}" for a, b in differing[:5])
        assert indexed.stdout == without.stdout


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A program, its index, addresses in it and what they are without an index."""
    directory = tmp_path_factory.mktemp("program")
    path = PROGRAMS["cxx"](directory).path
    addresses = code_addresses(path, path, 300, seed=2)
    return path, make_index(path, directory / "index"), addresses, symbolized(path, addresses).stdout


def test_debug_information_is_not_needed(program, tmp_path):
    path, index, addresses, expected = program
    subprocess.run(["objcopy", "--remove-section", ".debug_*", path, tmp_path / "stripped"], check=True)
    assert symbolized(tmp_path / "stripped", addresses).stdout != expected
    assert symbolized(tmp_path / "stripped", addresses, "--index", index).stdout == expected


def test_what_is_up_to_date_is_kept(program):
    path, index, _, _ = program
    before = index.stat()
    directory = index.parents[1]
    assert "up to date" in crashctl("index", "--output", directory, path).stdout
    assert index.stat().st_ino == before.st_ino
    # One that is damaged, or of another version, is made again.
    index.write_bytes(b"crashidx" + bytes(5000))
    assert "MiB" in crashctl("index", "--output", directory, path).stdout
    assert index.stat().st_size == before.st_size
    assert [file.name for file in index.parent.iterdir()] == [index.name]


def test_same_index_each_time(program, tmp_path):
    path, index, _, _ = program
    assert make_index(path, tmp_path).read_bytes() == index.read_bytes()


def flipped(data, chosen):
    for _ in range(chosen.choice((1, 3, 50))):
        data[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)


def cut(data, chosen):
    del data[chosen.randrange(len(data)):]


def zeroed(data, chosen):
    start = chosen.randrange(len(data))
    data[start:start + 4096] = bytes(len(data[start:start + 4096]))


@pytest.mark.parametrize("damage", (flipped, cut, zeroed))
def test_damaged(program, tmp_path, damage):
    path, index, addresses, expected = program
    complaints = 0
    for seed in range(25):
        data = bytearray(index.read_bytes())
        damage(data, random.Random(seed))
        (tmp_path / "index").write_bytes(data)
        done = symbolized(path, addresses, "--index", tmp_path / "index")
        assert done.stdout == expected, seed
        complaints += "damaged" in done.stderr
    assert complaints > 5


@pytest.mark.parametrize("version", (0, 2, 0xFFFFFFFF))
def test_other_version(program, tmp_path, version):
    path, index, addresses, expected = program
    data = bytearray(index.read_bytes())
    data[8:12] = struct.pack("<I", version)
    (tmp_path / "index").write_bytes(data)
    done = symbolized(path, addresses, "--index", tmp_path / "index")
    assert done.stdout == expected
    assert "another version" in done.stderr


def test_of_another_file(program, tmp_path):
    path, _, addresses, expected = program
    other = make_index(PROGRAMS["c"](tmp_path).path, tmp_path / "index")
    done = symbolized(path, addresses, "--index", other)
    assert done.stdout == expected
    assert "another file" in done.stderr


def test_what_cannot_be_indexed(program, tmp_path):
    path = program[0]
    for name, command, why in (
            ("no-id", ["objcopy", "--remove-section", ".note.gnu.build-id"], "no build-id"),
            ("stripped", ["objcopy", "--strip-all"], "no debug information")):
        subprocess.run([*command, path, tmp_path / name], check=True)
        done = crashctl("index", "--output", tmp_path / "index", tmp_path / name, check=False)
        assert done.returncode == 1
        assert why in done.stderr
    split = tmp_path / "split"
    split.mkdir()
    try:
        part = PROGRAMS["cxx-split"](split).path
    except Unavailable as reason:
        pytest.skip(str(reason))
    for dwo in split.glob("*.dwo"):
        dwo.unlink()
    done = crashctl("index", "--output", tmp_path / "index", part, check=False)
    assert done.returncode == 1
    assert "missing" in done.stderr
    assert not list((tmp_path / "index").glob("*/*"))


@pytest.mark.parametrize("source", ("uncaught_in_thread.cpp", "null_write_inline.cpp", "lambda.cpp",
                                    "cold_path.cpp", "heap_smash.c"))
def test_reports(source, tmp_path):
    """With separate debug files, too: the report names them."""
    path = harness.compile_program(harness.REPOSITORY / "tests" / "torture" / source,
                                   tmp_path / "program", "-pthread")
    run = harness.Run(tmp_path, [path], "--snapshots")
    snapshot = run.output / f"{run.event['event_id']}.snapshot"
    crashctl("index", "--output", tmp_path / "index", path)
    crashctl("index", "--output", tmp_path / "index",
             "/lib/x86_64-linux-gnu/libc.so.6", check=False)
    for vars in ("off", "all"):
        without = crashctl("symbolize", snapshot, "--vars", vars).stdout
        indexed = crashctl("symbolize", snapshot, "--vars", vars, "--index",
                           tmp_path / "index").stdout
        assert indexed == without
        assert source in indexed


def test_long_names(tmp_path):
    """Made of hundreds of parts of each other, and longer than anything that is put together."""
    chosen = random.Random(1)
    parts = [chosen.randbytes(14).hex() for _ in range(50)]
    names = ["f" + "".join(chosen.choice(parts) for _ in range(count))
             for count in (1, 2, 3, 100, 255, 256, 257, 300, 2000, 45000)]
    (tmp_path / "p.c").write_text("".join(f"int {name}(int x) {{ return x + 1; }}\n"
                                          for name in [f"g{part}" for part in parts] + names)
                                  + "int main(void) { return 0; }\n")
    subprocess.run(["gcc", "-g", "-o", tmp_path / "p", tmp_path / "p.c"], check=True)
    addresses = code_addresses(tmp_path / "p", tmp_path / "p", 200, seed=3)
    index = make_index(tmp_path / "p", tmp_path / "index")
    expected = symbolized(tmp_path / "p", addresses).stdout
    indexed = symbolized(tmp_path / "p", addresses, "--index", index)
    assert all(name in expected for name in names)
    assert indexed.stdout == expected and indexed.stderr == ""
