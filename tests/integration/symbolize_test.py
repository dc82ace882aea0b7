# SPDX-License-Identifier: MIT
"""crashctl symbolize SNAPSHOT: truncated, corrupt and hostile ones give a clear error or a partial
report that says so; never a crash, never more than 2 s of processor time or 256 MiB."""
import os
import pathlib
import random
import subprocess
import sys

import msgpack
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

# Sections, as in snapshot/fields.h.
THREAD, MEMORY, MODULE, MAPPING, END = 4, 5, 6, 7, 13

SANITIZED = "CRASHD_SANITIZED" in os.environ


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    directory = tmp_path_factory.mktemp("snapshot")
    source = harness.REPOSITORY / "tests" / "torture" / "uncaught_in_thread.cpp"
    program = harness.compile_program(source, directory / "program", "-pthread")
    run = harness.Run(directory, [program], "--snapshots")
    return (run.output / f"{run.event['event_id']}.snapshot").read_bytes()


def symbolize(data, directory, *options):
    """Exit status, stdout, stderr; checks what it cost."""
    path = directory / "s.snapshot"
    path.write_bytes(data)
    process = subprocess.Popen(
        [harness.CRASHCTL, "symbolize", *options, path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=harness.environment(),
    )
    out, err = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if not SANITIZED:
        assert usage.ru_utime + usage.ru_stime < 2
        assert usage.ru_maxrss < 256 * 1024
    assert process.returncode in (0, 1), err
    assert (process.returncode == 0) == (err == ""), err
    return process.returncode, out, err


def sections(data):
    unpacker = msgpack.Unpacker(raw=False, strict_map_key=False, unicode_errors="surrogateescape")
    unpacker.feed(data)
    return list(unpacker)


def packed(parts):
    return b"".join(msgpack.packb(s, unicode_errors="surrogateescape") for s in parts)


def test_whole(snapshot, tmp_path):
    status, out, _ = symbolize(snapshot, tmp_path)
    assert status == 0 and "std::length_error: basket is full" in out
    assert "Basket::add" in out and "incomplete" not in out


def test_truncated(snapshot, tmp_path):
    said = 0
    for size in sorted(random.Random(1).sample(range(len(snapshot)), 40)):
        status, out, err = symbolize(snapshot[:size], tmp_path)
        if status == 0:
            assert "incomplete: the snapshot was cut short" in out
            said += 1
        else:
            assert "s.snapshot: not a crashd snapshot" in err
    assert said > 30


def test_corrupt(snapshot, tmp_path):
    chance = random.Random(2)
    for _ in range(40):
        data = bytearray(snapshot)
        for _ in range(chance.randrange(1, 30)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        symbolize(bytes(data), tmp_path)


def test_not_a_snapshot(tmp_path):
    for data in (b"", b"hello", bytes(1000), b"\x7fELF" + bytes(100), b"\xdd\xff\xff\xff\xff"):
        status, out, err = symbolize(data, tmp_path)
        assert status == 1 and out == "" and "not a crashd snapshot" in err
    run = harness.crashctl("symbolize", tmp_path / "missing")
    assert run.returncode == 1 and "No such file or directory" in run.stderr
    run = harness.crashctl("symbolize", "/dev/zero")
    assert run.returncode == 1 and "not a regular file" in run.stderr


def test_newer_version(snapshot, tmp_path):
    first, *rest = sections(snapshot)
    first[1][2] = 99
    data = packed([first, *rest])
    status, _, err = symbolize(data, tmp_path)
    assert status == 1 and "newer version" in err


def test_ten_thousand_threads_with_hostile_stacks(snapshot, tmp_path):
    """Every word of every stack looks like a return address."""
    parts = sections(snapshot)
    code = [s[1] for s in parts if s[0] == MAPPING and s[1][3] & 4][0]
    thread = [s for s in parts if s[0] == THREAD][0]
    word = (code[1] + 64).to_bytes(8, "little")
    pieces = [packed(s for s in parts if s[0] not in (THREAD, MEMORY, END))]
    for i in range(10000):
        fields = dict(thread[1])
        registers = list(fields[5])
        registers[7] = 0x10000000 + i * 0x10000
        fields.update({1: 100000 + i, 3: i == 0, 5: registers})
        pieces.append(packed([[THREAD, fields]]))
        pieces.append(packed([[MEMORY, {1: registers[7], 2: 1, 3: 100000 + i, 4: word * 512}]]))
    data = b"".join(pieces)
    assert len(data) < 64 << 20
    symbolize(data, tmp_path)
    symbolize(data, tmp_path, "--event")


def test_names_that_lie(snapshot, tmp_path):
    """Modules that name devices, pipes and secrets are not read."""
    os.mkfifo(tmp_path / "fifo")
    for path in ("/dev/zero", "/proc/self/mem", "/etc/shadow", str(tmp_path / "fifo"), "/" + "x" * 5000, "\x1b[2J"):
        parts = sections(snapshot)
        for section in parts:
            if section[0] == MODULE:
                section[1][1] = path
        status, out, _ = symbolize(packed(parts), tmp_path)
        assert status == 0 and "root:x:" not in out and "root:*" not in out and "root:$" not in out and "\x1b" not in out
