# SPDX-License-Identifier: MIT
"""Snapshots taken at random instructions, against gdb's list of return addresses in the same process
at the same moment. CRASHD_UNWIND_ROUNDS: how many instructions of each program (default 2)."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("CRASHD_BUILD", HERE.parents[1] / "build"))
HOOK = Path(os.environ.get("CRASHD_HOOK", BUILD / "libcrashhook/libcrashhook.so"))
STEP, WALK_DUMP = BUILD / "tests/unit/unwind-step", BUILD / "tests/unit/walk-dump"
ROUNDS = int(os.environ.get("CRASHD_UNWIND_ROUNDS", "2"))

GDB_SCRIPT = r"""
import gdb
frame = gdb.newest_frame()
while frame is not None:
    if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
        print("PC", frame.pc())
    frame = frame.older()
"""

PYTHON = """
import json, re
for i in range(1000):
    sorted([json.dumps({"a": [i, str(i)]}), re.sub("b+", "c", "abbb")], key=len)
"""

# How to build, what of it, and at most how many instructions there are.
PROGRAMS = {
    "gcc-O0": ("gcc -O0 -g", "unwind_work.c", 20000),
    "gcc-O2": ("gcc -O2 -g", "unwind_work.c", 8000),
    "clang-O2": ("clang -O2 -g", "unwind_work.c", 15000),
    "gcc-O2-stripped": ("gcc -O2 -s", "unwind_work.c", 8000),
    "g++-O2": ("g++ -O2 -g", "unwind_work.cc", 40000),
    "clang++-O2": ("clang++ -O2 -g", "unwind_work.cc", 40000),
    "rust": ("rustc -O", "unwind_work.rs", 30000),
    "python3": (None, None, 20000),
}


def stack_by_gdb(pid: int, directory: Path) -> list[int]:
    script = directory / "frames.py"
    script.write_text(GDB_SCRIPT)
    output = subprocess.run(
        ["gdb", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-ex",
         "set backtrace past-main on", "-ex", "set backtrace past-entry on", "-p", str(pid), "-x",
         script], capture_output=True, text=True, timeout=120).stdout
    pcs = [int(line.split()[1]) for line in output.splitlines() if line.startswith("PC ")]
    assert pcs, output
    return pcs


def die_at(arguments: list, directory: Path) -> tuple[list[int], list[dict]]:
    drop = directory / "drop"
    shutil.rmtree(drop, ignore_errors=True)
    drop.mkdir()
    stepper = subprocess.Popen(
        [STEP, *map(str, arguments)], stdout=subprocess.PIPE, text=True,
        env={"PATH": os.environ["PATH"], "CRASHD_RUN_ID": uuid.uuid4().hex,
             "CRASHD_DROP_DIR": str(drop), "PYTHONHASHSEED": "0"})
    line = stepper.stdout.readline()
    assert line, "the program ended before"
    pid = int(line)
    try:
        theirs = stack_by_gdb(pid, directory)
    finally:
        os.kill(pid, signal.SIGILL)  # Rust has a handler for SIGSEGV
        os.kill(pid, signal.SIGCONT)
        assert stepper.wait(60) == 0
    snapshots = list(drop.iterdir())
    assert len(snapshots) == 1
    result = subprocess.run([WALK_DUMP, snapshots[0]], check=True, capture_output=True, text=True,
                            timeout=60)
    assert result.stderr.startswith("complete 1"), result.stderr
    return theirs, [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("name", PROGRAMS)
def test_equal_to_gdb(name: str, tmp_path: Path) -> None:
    command, source, limit = PROGRAMS[name]
    for tool in ["gdb"] + ([command.split()[0]] if command else []):
        if not shutil.which(tool):
            pytest.skip(f"no {tool}")
    if command:
        program = [tmp_path / "program"]
        subprocess.run([*command.split(), "-o", *program, HERE / source], check=True)
    else:
        program = ["-s", "400", sys.executable, "-S", "-c", PYTHON]
    chance = random.Random(name)
    for _ in range(ROUNDS):
        steps = chance.randrange(limit)
        theirs, frames = die_at(["-k", HOOK, "-n", steps, *program], tmp_path)
        ours = [frame["pc"] for frame in frames
                if not frame["inlined"] and not frame["tail_call"]]
        shown = "\n".join(f"{f['pc']:x} {f['trust']} {f['function']}" for f in frames)
        assert ours == theirs, (steps, shown, list(map(hex, theirs)))
        assert all(frame["trust"] != "scan" for frame in frames), (steps, shown)
