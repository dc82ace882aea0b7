# SPDX-License-Identifier: MIT
"""The stack of every program here that gdb can be right on, against gdb's: functions, inlined
calls, files, lines, down to the first frame."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import uuid

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "integration")]
import harness  # noqa: E402
import torture_test  # noqa: E402
from symbolizer_gdb_test import GDB_SCRIPT, WALK_DUMP, cleaned  # noqa: E402

TIMEOUT = 120
NO_CRASH = "nothing dies of a signal"
SEVERAL = "several reports, in no order"
ANOTHER_SIGNAL = "gdb stops at an earlier signal, which the program survives"
ANOTHER_PROCESS = "gdb does not follow the process that dies"
NO_CFI = "gdb has no call frame information there and invents a frame or stops"
NO_FILE = "gdb finds no file of the program any more"
NOT_ALLOWED = "the process that dies may not write a snapshot into a directory"
BY_CHANCE = "where the stack ends depends on the environment's size"
FIBER = "gdb looks for the code that a fiber returns to one byte before its first"
SKIPPED = {
    "chroot_nobody": NOT_ALLOWED,
    "deleted_executable": NO_FILE,
    "dies_in_its_own_abort_handler": ANOTHER_SIGNAL,
    "fiber_in_static_memory": FIBER,
    "file_size_limit": NOT_ALLOWED,
    "five_thousand_threads": "gdb takes minutes",
    "forked_child": ANOTHER_PROCESS,
    "in_fiber": FIBER,
    "in_fork_handler": ANOTHER_PROCESS,
    "jit_calls_back": NO_CFI,
    "jit_code": NO_CFI,
    "jump_to_data": "gdb gives the name of a variable as the function's",
    "memory_shared_by_processes": ANOTHER_PROCESS,
    "not_dumpable": "only registers are captured",
    "overflow_mutual": BY_CHANCE,
    "overflow_smallest_thread": BY_CHANCE,
    "process_limit_nobody": NOT_ALLOWED,
    "recovered_by_jump_then_abort": ANOTHER_SIGNAL,
    "replaced_executable": NO_FILE,
    "return_noncanonical": "gdb goes on with words of the destroyed stack",
    "returns_into_dlclosed": NO_CFI,
    "sent_by_parent": ANOTHER_PROCESS,
    "stack_destroyed": "gdb goes on with words of the destroyed stack",
    "stack_smash": "gdb stops at the smashed return address",
    "thread_traced": ANOTHER_PROCESS,
    "unmapped_libc": "gdb reads a library that is no longer mapped",
    "vforked_child": ANOTHER_PROCESS,
    "vforked_child_resets": ANOTHER_PROCESS,
}
# Of these a snapshot has both ends.
ENDS_ONLY = ("overflow_c11_thread", "overflow_handler_without_stack", "overflow_main",
             "overflow_thread")


def skip_reason(source, truth):
    if truth["events"] != "1":
        return NO_CRASH if truth["events"] == "0" else SEVERAL
    if truth["signal"] == "none":
        return NO_CRASH
    return SKIPPED.get(source.stem)


def shown(frame):
    function = (frame["function"] or "").partition(" [clone ")[0]
    return (cleaned(function), os.path.basename(frame["file"] or ""), frame["line"],
            frame["inlined"])


def gdb_frames(program, arguments, environment, directory):
    """[(function, file, line, inlined)], and of each whether it left by a tail call."""
    script = directory / "frames.py"
    script.write_text(GDB_SCRIPT)
    core = directory / "core"
    # From a core file: in a live process gdb hides the inlined functions that begin at the pc.
    commands = ["set debuginfod enabled off", "handle SIGUSR1 SIGCHLD nostop noprint pass", "run",
                f"generate-core-file {core}", "kill", f"core-file {core}",
                "set backtrace past-main on", "set backtrace past-entry on",
                "set backtrace limit unlimited", f"source {script}"]
    output = subprocess.run(
        ["gdb", "-nx", "-batch", *(word for command in commands for word in ("-ex", command)),
         "--args", program, *arguments], capture_output=True, text=True, errors="replace",
        timeout=TIMEOUT, stdin=subprocess.DEVNULL, env=harness.environment(**environment)).stdout
    frames = [json.loads(line[6:]) for line in output.splitlines() if line.startswith("FRAME ")]
    assert frames, output
    return [(("<signal>",) if frame["signal"] else shown(frame), frame["tail"]) for frame in frames]


def our_frames(program, arguments, environment, directory):
    drop = directory / "drop"
    drop.mkdir()
    subprocess.run([program, *arguments], capture_output=True, timeout=TIMEOUT,
                   stdin=subprocess.DEVNULL,
                   env=harness.environment(LD_PRELOAD=harness.HOOK, CRASHD_DROP_DIR=drop,
                                           CRASHD_RUN_ID=uuid.uuid4().hex, **environment))
    (snapshot,) = drop.glob("*.snapshot")
    output = subprocess.run([WALK_DUMP, snapshot], check=True, capture_output=True, text=True,
                            timeout=TIMEOUT).stdout
    frames = [json.loads(line) for line in output.splitlines()]
    return [("<signal>",) if frame["trampoline"] else shown({**frame, "file": frame["path"]})
            for frame in frames]


def comparable(theirs, ours):
    """gdb's frames without those of functions that left by a tail call and that we do not show, and
    without what it reads above a thread's first frame, where nothing has a name."""
    kept = []
    for frame, tail in theirs:
        if not tail or ours[len(kept):len(kept) + 1] == [frame]:
            kept.append(frame)
    while len(kept) > len(ours) and kept[-1][0] == "":
        kept.pop()
    return kept


@pytest.mark.parametrize("source", torture_test.PROGRAMS, ids=lambda path: path.stem)
def test_equal_to_gdb(source, tmp_path):
    truth = torture_test.truth_of(source)
    if why := skip_reason(source, truth):
        pytest.skip(why)
    if not shutil.which("gdb"):
        pytest.skip("no gdb")
    if truth.get("needs") == "root" and os.geteuid() != 0:
        pytest.skip("needs root")
    program, arguments = torture_test.build(source, truth, tmp_path)
    variables = dict(word.split("=", 1) for word in truth.get("environment", "").split())
    ours = our_frames(program, arguments, variables, tmp_path)
    theirs = comparable(gdb_frames(program, arguments, variables, tmp_path), ours)
    if source.stem in ENDS_ONLY:
        assert len(theirs) > len(ours) > 60
        # At which instruction a stack ends depends on the environment's size.
        assert theirs[0][0] == ours[0][0]
        theirs = [*theirs[1:50], *theirs[-3:]]
        ours = [*ours[1:50], *ours[-3:]]
    assert ours == theirs, "\n".join([*map(str, ours), "--- gdb", *map(str, theirs)])
