# SPDX-License-Identifier: MIT
"""What the tests of the hook share: where it is, how to run a program under it, how to read a snapshot."""
import os
import pathlib
import subprocess
import uuid

import msgpack

REPO = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CRASHD_BUILD", REPO / "build"))
HOOK = BUILD / "libcrashhook" / "libcrashhook.so"

HEADER, PROCESS, SIGNAL, THREAD, MEMORY, MODULE, MAPPING, ABORT, EXCEPTION = range(1, 10)
ENVIRONMENT, END = 11, 13
STACK, STACK_BASE, INTERRUPTED = 1, 2, 3
RBP, RSP, RIP = 6, 7, 16


class Snapshot:
    """The sections of a snapshot, as fields.h numbers them."""

    def __init__(self, data):
        unpacker = msgpack.Unpacker(raw=False, strict_map_key=False,
                                    unicode_errors="surrogateescape", max_buffer_size=0)
        unpacker.feed(data)
        self.sections = [tuple(section) for section in unpacker]

    def all(self, number):
        return [fields for section, fields in self.sections if section == number]

    def one(self, number):
        (fields,) = self.all(number)
        return fields

    @property
    def signal(self):
        return self.one(SIGNAL)[1]

    @property
    def code(self):
        return self.one(SIGNAL)[2]

    @property
    def crashed(self):
        return next(fields for fields in self.all(THREAD) if fields.get(3))

    @property
    def cause_first(self):
        return self.one(HEADER).get(8, False)

    def stacks(self, kind, tid):
        return [memory for memory in self.all(MEMORY) if memory[2] == kind and memory.get(3) == tid]


def environment(drop=None, socket="/nonexistent/hook.sock", **more):
    env = dict(os.environ, LD_PRELOAD=str(HOOK), CRASHD_SOCKET=str(socket))
    for name in ("CRASHD_DROP_DIR", "CRASHD_RUN_ID", "CRASHHOOK_DISABLE", "CRASHHOOK_SIGNALS"):
        env.pop(name, None)
    # A name that nobody listens on: where the path fails, a daemon of root's would get the report.
    env["CRASHD_RUN_ID"] = uuid.uuid4().hex
    if drop is not None:
        env["CRASHD_DROP_DIR"] = str(drop)
    env.update(more)
    return env


def build(source, program, *flags):
    compiler = "g++" if str(source).endswith((".cc", ".cpp")) else "gcc"
    subprocess.run([compiler, "-g", "-O1", "-pthread", *flags, str(source), "-o", str(program)],
                   check=True)
    return program


def run(arguments, drop=None, hooked=True, timeout=30, **more):
    env = environment(drop, **more) if hooked else {**os.environ, **more}
    return subprocess.run([str(a) for a in arguments], env=env, capture_output=True,
                          timeout=timeout)


def snapshots(drop):
    files = sorted(pathlib.Path(drop).iterdir())
    assert not [f for f in files if f.name.startswith(".")], files
    assert all((f.stat().st_mode & 0o777) == 0o600 for f in files)
    return [Snapshot(f.read_bytes()) for f in files]
