# SPDX-License-Identifier: MIT
"""Stacks with calls into nothing, made contexts, signal returns of a program's own, code that was
made at run time: what is claimed is true, what is guessed says so."""

import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("CRASHD_BUILD", HERE.parents[1] / "build"))
HOOK = Path(os.environ.get("CRASHD_HOOK", BUILD / "libcrashhook/libcrashhook.so"))
WALK_DUMP = BUILD / "tests/unit/walk-dump"
NONE = "-fno-asynchronous-unwind-tables -fno-unwind-tables"
BUILDS = ["gcc -O0", "gcc -O2", f"gcc -O2 {NONE}", "clang -O2", f"clang -O0 {NONE}"]
START = ["__libc_start_call_main", "__libc_start_main", "_start"]
RAISE = ["raise", "pthread_kill"]

# The functions of the true chain, oldest first, with "?" where the way there is a guess; a tail call
# leaves none of its caller.
CASES = {
    1: ["main", "call_wild", "nothing"],
    2: ["main", "call_wild", "nothing"],
    3: ["main", "call_wild", "nothing"],
    4: ["main?", "through_tail?", "nothing"],
    6: ["__start_context", "fiber", "die"],
    7: ["main", *RAISE, "signal", "on1", *RAISE, "signal", "on2", "die"],
    8: ["main", *RAISE, "signal", "on2", "die"],
    9: ["main", *RAISE, "signal", "on1", *RAISE, "signal", "on2", "die"],
    10: ["__start_context", "die"],
    11: ["main", "call_wild"],
}


def build(command: str, source: str, directory: Path) -> Path:
    if not shutil.which(command.split()[0]):
        pytest.skip(f"no {command.split()[0]}")
    program = directory / "program"
    subprocess.run([*command.split(), "-o", program,
                    HERE / source], check=True)
    return program


def die(arguments: list, directory: Path) -> tuple[list[dict], str]:
    drop = directory / "drop"
    drop.mkdir()
    subprocess.run(list(map(str, arguments)), capture_output=True, timeout=60,
                   env={"PATH": os.environ["PATH"], "LD_PRELOAD": str(HOOK),
                        "CRASHD_RUN_ID": uuid.uuid4().hex, "CRASHD_DROP_DIR": str(drop)})
    snapshots = list(drop.iterdir())
    assert len(snapshots) == 1
    result = subprocess.run([WALK_DUMP, snapshots[0]], check=True, capture_output=True, text=True,
                            timeout=60)
    return [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def name_of(frame: dict) -> str:
    if frame["trampoline"]:
        return "signal"
    if frame["function"] is None and frame["pc"] and "libc" in frame["module"]:
        return "libc"  # a libc without its debug information names few of its functions
    return (frame["function"] or "nothing").removesuffix("_impl")


@pytest.mark.parametrize("command", BUILDS)
@pytest.mark.parametrize("case", CASES)
def test_end(case: int, command: str, tmp_path: Path) -> None:
    flags = "" if case == 4 else " -fno-optimize-sibling-calls"
    frames, ended = die([build(command + flags, "unwind_ends.c", tmp_path), case], tmp_path)
    found = [(name_of(frame), frame["trust"]) for frame in reversed(frames)]
    assert ended.startswith("complete 1"), (found, ended)
    truth = [name.rstrip("?") for name in CASES[case]]
    guesses = {name for name in CASES[case] if name.endswith("?")} if "-O2" in command else set()
    allowed = {*truth, *START, "libc", "__pthread_kill_implementation", "tail_wild",
               "__pthread_kill", "__pthread_kill_internal"}
    for name, trust in found:
        assert name in allowed, found
        assert trust != "scan" or name + "?" in guesses, found
    left = [name for name, _ in found]
    for name in truth:
        if name in ("pthread_kill", "__start_context", "raise"):
            continue
        assert name in left, (found, truth)
        left = left[left.index(name) + 1:]


@pytest.mark.parametrize("command", BUILDS)
def test_return_into_nothing(command: str, tmp_path: Path) -> None:
    """What stood at the stack pointer is gone: all that is said is a guess, but for the start."""
    frames, ended = die([build(command, "unwind_ends.c", tmp_path), 5], tmp_path)
    assert frames[0]["pc"] == 0
    assert all(frame["trust"] == "scan" or name_of(frame) in START for frame in frames[1:])


@pytest.mark.parametrize("command", ["gcc -O0", "gcc -O2", "clang -O2"])
def test_leftovers_beyond_a_gap(command: str, tmp_path: Path) -> None:
    """Words of earlier calls that end in a zero are no way to where the thread began."""
    frames, ended = die([build(command, "unwind_ends.c", tmp_path), 12], tmp_path)
    assert ended.startswith("complete 1"), ended
    found = [name_of(frame) for frame in frames]
    names = [name for name in found if name not in (*START, "main", "libc")]
    assert names and set(names) == {"descend"}, found
    assert "main" in found and found[-1] == "_start", found


@pytest.mark.parametrize("command", BUILDS)
@pytest.mark.parametrize("arguments,chain", [
    ([], ["callee", "nothing", "run"]), ([1], ["callee", "nothing", "run"]),
    ([1, 2], ["nothing", "run"])])
def test_made_at_run_time(arguments: list, chain: list[str], command: str, tmp_path: Path) -> None:
    frames, ended = die([build(command, "unwind_jit.c", tmp_path), *arguments], tmp_path)
    found = [(name_of(frame), frame["trust"]) for frame in frames]
    assert ended.startswith("complete 1"), (found, ended)
    names = [name for name, _ in found if name not in (*START, "main", "libc")]
    assert names == chain, found
    # The call in the made code is not known to be one; what is behind the first is claimed.
    assert all(trust != "scan" or name in ("run", "main") for name, trust in found), found
