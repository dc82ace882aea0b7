# SPDX-License-Identifier: MIT
"""Sandboxed programs: what a seccomp filter forbids is not done, so it dies as without the hook; what
is left makes the best possible report."""
import pathlib
import signal
import sys

import pytest

from hook_programs import END, MODULE, STACK, THREAD, build, run, snapshots

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

HERE = pathlib.Path(__file__).parent
ACTIONS = {"kill_process": 0x80000000, "kill_thread": 0, "trap": 0x30000, "error": 0x50001,
           "no_error": 0x50000}
CALLS = {
    "read": 0, "write": 1, "close": 3, "mmap": 9, "munmap": 11, "rt_sigaction": 13,
    "rt_sigprocmask": 14, "rt_sigreturn": 15, "setitimer": 38, "getpid": 39, "socket": 41,
    "connect": 42, "recvfrom": 45, "sendmsg": 46, "setsockopt": 54, "clone": 56, "wait4": 61,
    "fcntl": 72, "getcwd": 79, "getuid": 102, "prctl": 157, "gettid": 186, "futex": 202,
    "getdents64": 217, "clock_gettime": 228, "tgkill": 234, "openat": 257, "readlinkat": 267,
    "ppoll": 271, "pipe2": 293, "rt_tgsigqueueinfo": 297, "prlimit64": 302,
    "process_vm_readv": 310, "renameat2": 316,
}
# What glibc's own abort() needs: there the filter kills before anybody could.
OF_ABORT = {"rt_sigprocmask", "getpid", "gettid", "tgkill"}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return build(HERE / "hook_sandbox.c", tmp_path_factory.mktemp("sandbox") / "sandbox")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("call", CALLS)
def test_a_forbidden_call_is_not_made(program, tmp_path, call, action):
    command = [program, "null", "deny", ACTIONS[action], CALLS[call]]
    assert run(command, tmp_path).returncode == -signal.SIGSEGV
    if call == "openat":
        return  # no file can be made; see the runs
    (snapshot,) = snapshots(tmp_path)
    assert snapshot.all(END) and snapshot.all(MODULE)
    assert snapshot.stacks(STACK, snapshot.crashed[1])
    assert len(snapshot.all(THREAD)) == 2


@pytest.mark.parametrize("call", [call for call in CALLS if call not in OF_ABORT])
def test_abort_stays_abort(program, tmp_path, call):
    command = [program, "abort", "deny", ACTIONS["kill_process"], CALLS[call]]
    assert run(command, tmp_path).returncode == -signal.SIGABRT


@pytest.mark.parametrize("mode", [
    ["strict"], ["only", CALLS["rt_sigreturn"]], ["only"],
    ["only", CALLS["read"], CALLS["write"], CALLS["rt_sigreturn"]],
], ids=["strict", "sigreturn", "nothing", "few"])
def test_nothing_is_allowed(program, tmp_path, mode):
    hooked = run([program, "null", *mode], tmp_path)
    assert hooked.returncode == run([program, "null", *mode], hooked=False).returncode
    assert hooked.returncode == -signal.SIGSEGV


@pytest.mark.parametrize("call", ["openat", "socket", "connect", "sendmsg", "pipe2"])
def test_one_of_the_ways_out_is_left(program, tmp_path, call):
    result = harness.Run(tmp_path, [program, "null", "deny", ACTIONS["kill_process"], CALLS[call]])
    assert result.status == -signal.SIGSEGV
    assert harness.frames(result.event)[0]["function"] == "main"
    assert len(result.event["threads"]["values"]) == 2
