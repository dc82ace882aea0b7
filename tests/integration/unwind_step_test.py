# SPDX-License-Identifier: MIT
"""Chains at every single instruction of programs, against the truth that stepping them gives: all of
prologues and epilogues, first calls through .plt, signal handlers, what has no or wrong call frame
information. CRASHD_UNWIND_ALL=1 steps the longer programs at every instruction, too."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("CRASHD_BUILD", HERE.parents[1] / "build"))
STEP = BUILD / "tests/unit/unwind-step"
ALL = "CRASHD_UNWIND_ALL" in os.environ
NONE = "-fno-asynchronous-unwind-tables -fno-unwind-tables"


def build(command: str, sources: tuple[str, ...], directory: Path) -> Path:
    for tool in [command.split()[0]] + re.findall(r"-fuse-ld=(\w+)", command):
        if not shutil.which(tool) and not shutil.which(f"ld.{tool}"):
            pytest.skip(f"no {tool}")
    program = directory / "program"
    subprocess.run([*command.split(), "-o", program, *(HERE / s for s in sources)], check=True,
                   stderr=subprocess.DEVNULL)
    return program


def step(*arguments: object) -> tuple[dict[str, int], str]:
    run = subprocess.run([STEP, *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    counts = run.stdout.splitlines()[-1]
    return {name: int(n) for name, n in re.findall(r"(\w+) (\d+)", counts)}, run.stdout


# What the compiler tells of its functions: every frame of every chain is right and claimed.
KNOWN = [
    "gcc -O0", "gcc -O2", "clang -O0", "clang -O2", "gcc -O3 -mavx2", "gcc -O2 -fcf-protection",
    "gcc -O2 -Wl,-z,now", "clang -O2 -fuse-ld=lld", "gcc -O2 -fuse-ld=gold", "gcc -O2 -fuse-ld=mold",
    "gcc -O2 -static",
    "gcc -O2 -static-pie", "gcc -O2 -s", "gcc -O2 -no-pie", "gcc -O2 -Wl,--no-eh-frame-hdr",
    "gcc -O2 -g " + NONE, "clang -O2 -gdwarf-5 " + NONE,
]
# What only the code says: the same.
CODE = [f"{compiler} {NONE}" for compiler in (
    "gcc -O0", "gcc -O1 -fno-omit-frame-pointer", "gcc -O2", "gcc -O2 -fcf-protection -fPIC",
    "clang -O0", "clang -O2", "clang -O2 -fno-omit-frame-pointer")]


@pytest.mark.parametrize("command,altstack", [
    *((command, False) for command in KNOWN + CODE),
    *((command, True) for command in ("gcc -O2", "gcc -O2 -static", "clang -O2 " + NONE)),
])
def test_c(command: str, altstack: bool, tmp_path: Path) -> None:
    program = build(command, ("unwind_work.c",), tmp_path)
    # An odd number meets every place of the loops in the end.
    counts, shown = step("-e", 1 if ALL else 5, program, *["altstack"] * altstack)
    assert counts["samples"] > 500
    assert counts["exact"] == counts["plain"] == counts["samples"], shown


def test_information_only_in_the_debug_file(tmp_path: Path) -> None:
    program = build(f"gcc -O2 -g {NONE}", ("unwind_work.c",), tmp_path)
    debug = tmp_path / "program.debug"
    subprocess.run(["objcopy", "--only-keep-debug", program, debug], check=True)
    subprocess.run(["objcopy", "--strip-all", f"--add-gnu-debuglink={debug}", program], check=True)
    counts, shown = step("-e", 5, program)
    assert counts["plain"] == counts["samples"] > 500, shown
    debug.unlink()
    counts, shown = step("-e", 5, program)
    assert counts["exact"] == counts["samples"] and counts["plain"] == 0, shown


# gcc's own information is wrong for three instructions of a realigned function's end.
def test_realigned(tmp_path: Path) -> None:
    program = build("gcc -O1 -mstackrealign", ("unwind_work.c",), tmp_path)
    counts, shown = step(program)
    assert counts["exact"] == counts["samples"], shown
    assert counts["samples"] - counts["plain"] < 5


@pytest.mark.parametrize("command", (f"gcc -O2 -s {NONE}", "musl-gcc -O2"))
def test_without_symbols(command: str, tmp_path: Path) -> None:
    """Where a function begins and ends is unknown: right, but not claimed."""
    program = build(command, ("unwind_work.c",), tmp_path)
    counts, shown = step(program)
    # musl's sigsetjmp takes its own return address away.
    assert counts["samples"] - counts["exact"] <= (2 if "musl" in command else 0), shown
    assert counts["invented"] == counts["lost"] == 0


@pytest.mark.parametrize("command", ("gcc -O0", "gcc -O2 -no-pie", "gcc -O2 -s"))
def test_hand_written(command: str, tmp_path: Path) -> None:
    program = build(command, ("unwind_hand.S", "unwind_hand.c"), tmp_path)
    counts, shown = step(program)
    assert counts["exact"] == counts["samples"], shown


@pytest.mark.parametrize("command", ("g++ -O2", "clang++ -O2", "g++ -O3 -flto -g"))
def test_cxx(command: str, tmp_path: Path) -> None:
    program = build(command, ("unwind_work.cc",), tmp_path)
    counts, shown = step("-n", 10**6 if ALL else 110000, "-e", 1 if ALL else 7, program)
    assert counts["exact"] == counts["samples"] > 500, shown
    assert counts["samples"] - counts["plain"] < 50


@pytest.mark.parametrize("options", ("-O", "-g"))
def test_rust(options: str, tmp_path: Path) -> None:
    program = build(f"rustc {options}", ("unwind_work.rs",), tmp_path)
    counts, shown = step("-n", 10**6 if ALL else 70000, "-e", 1 if ALL else 7, program)
    assert counts["exact"] == counts["samples"] > 500, shown
