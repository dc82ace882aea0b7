# SPDX-License-Identifier: MIT
"""Arguments and local variables from snapshots against gdb's in a core of the same process."""

import json
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("CRASHD_BUILD", ROOT / "build"))
HOOK = Path(os.environ.get("CRASHD_HOOK", BUILD / "libcrashhook/libcrashhook.so"))
WALK_DUMP = Path(os.environ.get("CRASHD_WALK_DUMP", BUILD / "tests/unit/walk-dump"))

# format_string, unlike `info locals`, says of each frame and variable what it is of.
SCRIPT = r"""
import gdb, json
def variables(frame):
    try:
        block = frame.block()
    except RuntimeError:
        return
    arguments, locals = [], []
    while block is not None and not block.is_global and not block.is_static:
        for symbol in block:
            if symbol.is_argument:
                arguments.append(symbol)
            elif symbol.is_variable and symbol.addr_class != gdb.SYMBOL_LOC_UNRESOLVED:
                locals.append(symbol)
        if block.function is not None:
            break
        block = block.superblock
    for symbol in arguments + locals:
        try:
            text = symbol.value(frame).format_string(deref_refs=True)
        except (gdb.error, gdb.MemoryError) as error:
            text = None
        yield symbol.name, text
frame = gdb.newest_frame()
while frame is not None:
    frame.select()
    print("FRAME " + json.dumps([frame.name(),
                                 list(variables(frame))]))
    frame = frame.older()
"""
GDB = ["gdb", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-ex", "set width 0"]
# gdb says "optimized out" of each part of what is so as a whole.
PARTS = re.compile(r"<optimized out>( <repeats \d+ times>)?|<No data fields>|<[\w:<>,* ]+> = |"
                   r"[\w$.()\[\]]+ = |std::[\w<>]+ = |[{}, ]")
# Where a printer of its own fails, gdb shows nothing, or all that the printer was to hide.
BROKEN = re.compile(r"|.* = (, |}).*|.*\{(, )?\}.*")
# What is the library's business is told by what it holds, where gdb tells how it is made.
# Other functions are the C library's, of which not every machine has debug information.
OWN = ("main", "outer", "middle", "between", "die")
LIBRARY = re.compile(r".*\b(alloc::(string|vec|rc|sync|collections)|std::collections)::.*")


def same_process(program: Path, directory: Path) -> tuple[Path, Path]:
    """A core at the moment of the signal, and the snapshot that the hook then makes."""
    core, drop, here = directory / "core", directory / "drop", directory / "here"
    drop.mkdir()
    here.mkdir()
    output = subprocess.run(
        [*GDB, "-ex", "set startup-with-shell off", "-ex", f"set environment LD_PRELOAD {HOOK}",
         "-ex", f"set environment CRASHD_DROP_DIR {drop}",
         # Another test's daemon is not to take it.
         "-ex", f"set environment CRASHD_RUN_ID {uuid.uuid4().hex}",
         # Under gdb everything takes longer.
         "-ex", "set environment CRASHHOOK_TIMEOUT_MS 60000", "-ex", f"set cwd {here}", "-ex", "run",
         "-ex", f"generate-core-file {core}", "-ex", "continue", str(program)],
        capture_output=True, text=True, timeout=120)
    snapshots = list(drop.iterdir())
    assert core.exists() and len(snapshots) == 1, output
    return core, snapshots[0]


def gdb_frames(program: Path, core: Path, directory: Path) -> list[tuple]:
    script = directory / "script.py"
    script.write_text(SCRIPT)
    output = subprocess.run([*GDB, "-x", str(script), str(program), str(core)],
                            capture_output=True, text=True, timeout=120)
    frames = [json.loads(line[6:]) for line in output.stdout.splitlines()
              if line.startswith("FRAME ")]
    assert frames, output
    return [(name, dict_of(pairs)) for name, pairs in frames]


def our_frames(snapshot: Path) -> list[tuple]:
    output = subprocess.run([str(WALK_DUMP), str(snapshot), "0", "variables"], check=True,
                            capture_output=True, text=True, timeout=120)
    frames = [json.loads(line) for line in output.stdout.splitlines()]
    return [(frame["function"], dict_of((v["name"], v["value"]) for v in frame["variables"]))
            for frame in frames]


def dict_of(pairs) -> dict:
    """By name and, as inner variables hide outer ones, how many of that name came before."""
    found = {}
    for name, text in pairs:
        number = 0
        while (name, number) in found:
            number += 1
        found[name, number] = text
    return found


def plain(function: str | None) -> str:
    name = re.sub(r"\(.*", "", re.sub(r"<.*?>", "", function or ""))
    return re.sub(r"\..*", "", name.split("::")[-1])


def has_value(text: str | None) -> bool:
    if not text or BROKEN.fullmatch(text) or text.startswith("<error reading"):
        return False
    return "<optimized out>" not in text or PARTS.sub("", text) != ""


def compare(theirs: list[tuple], ours: list[tuple]) -> tuple[int, int, list[str]]:
    """How many are equal, of how many that gdb can print, and the differences."""
    equal, total, differences, at = 0, 0, [], 0
    for name, variables in theirs:
        if name not in OWN and "::" not in (name or ""):
            continue
        here = next((i for i in range(at, len(ours)) if plain(ours[i][0]) == plain(name)), None)
        own = {} if here is None else ours[here][1]
        at = at if here is None else here + 1
        for key, text in variables.items():
            if not has_value(text) or LIBRARY.fullmatch(text):
                continue
            total += 1
            equal += own.get(key) == text
            if own.get(key) != text:
                differences.append(f"{name} {key}\n  gdb:  {text}\n  ours: {own.get(key)}")
    return equal, total, differences


def build(source: str, flags: str, directory: Path) -> Path:
    compiler = flags.split()[0]
    for tool in ("gdb", compiler):
        if not shutil.which(tool):
            pytest.skip(f"no {tool}")
    program = directory / "program"
    # Objects are where gdb and we look for the .dwo files.
    subprocess.run([*flags.split(), "-o", str(program), str(HERE / source)], check=True,
                   cwd=directory, capture_output=True)
    return program


C = "variables.c"
KEPT = "variables_kept.c"
CXX = "variables.cpp"
RUST = "variables.rs"
EXACT = "variables_exact.cpp"
CASES = [
    (C, "gcc -g -O0", 95),
    (C, "gcc -g -O0 -gdwarf-4 -fno-pie -no-pie", 95),
    (C, "gcc -g -Og", 92),
    (C, "gcc -g -O2", 92),
    (C, "gcc -g -O2 -gdwarf-4", 92),
    (C, "gcc -g -O2 -gdwarf-3 -gstrict-dwarf", 92),
    (C, "gcc -g -O2 -gsplit-dwarf", 92),
    (C, "gcc -g -O3 -flto", 92),
    (C, "clang -g -O0", 95),
    # gdb takes what a called function left in a register for what the caller had there: 4 of 45.
    (C, "clang -g -O2", 85),
    (KEPT, "gcc -g -O2", 100),
    (CXX, "g++ -std=c++17 -g -O0", 95),
    (CXX, "g++ -std=c++17 -g -O2", 92),
    (CXX, "clang++ -std=c++17 -g -O0", 95),
    (CXX, "clang++ -std=c++17 -g -O2 -fstandalone-debug", 92),
    (EXACT, "g++ -g -O0 -Wno-nonnull", 100),
    (EXACT, "clang++ -g -O0 -w", 100),
    (RUST, "rustc -g", 95),
    (RUST, "rustc -g -O", 92),
]


@pytest.mark.parametrize("source,flags,least", CASES, ids=[f"{source} {flags}" for source, flags, _ in CASES])
def test_equal_to_gdb(source: str, flags: str, least: int, tmp_path: Path) -> None:
    program = build(source, flags, tmp_path)
    core, snapshot = same_process(program, tmp_path)
    equal, total, differences = compare(gdb_frames(program, core, tmp_path), our_frames(snapshot))
    print(f"{flags}: {equal} of {total}")
    assert total >= 7
    assert equal * 100 >= least * total, "\n".join(differences)


RUST_LIBRARY = {
    "owned": '"owned text"',
    "vector": "Vec(size=2) = {10, 20}",
    "some": 'core::option::Option<alloc::string::String>::Some("inside")',
    "failed": 'core::result::Result<i32, alloc::string::String>::Err("bad")',
    "atomic": "Arc(strong=1, weak=0) = {value = program::Point {x: 3, y: 4}, strong = 1, weak = 0}",
    "shapes": "Vec(size=4) = {program::Shape::Circle{radius: 1.5}, program::Shape::Square(4), "
              'program::Shape::Nothing, program::Shape::Named("n", program::Point {x: 9, y: 8})}',
    "map": 'HashMap(size=1) = {[1] = "one"}',
    "tree": "BTreeMap(size=1)",
    "deque": "VecDeque(size=2) = {1, 2}",
    "strings": 'Vec(size=2) = {"a", "b"}',
}


def test_rust_library(tmp_path: Path) -> None:
    """What gdb without Rust's printers shows only the insides of."""
    program = build(RUST, "rustc -g --crate-name program", tmp_path)
    _, snapshot = same_process(program, tmp_path)
    own = next(variables for name, variables in our_frames(snapshot) if plain(name) == "die")
    assert {name: own[name, 0] for name in RUST_LIBRARY} == RUST_LIBRARY
    assert own["counted", 0].startswith("Rc(strong=1, weak=0) = {value = core::cell::RefCell<i32> ")
