# SPDX-License-Identifier: MIT
"""Snapshots: unwinding a stack, and a whole report of many threads."""
import os
import subprocess
import uuid

from harness import CRASHCTL, HOOK
from table import Table

PYTHON = ["/usr/bin/python3", "-c", "import ctypes; ctypes.string_at(0)"]
THREADS = 1000


class Stacks:
    def __init__(self, programs, build, work, quick):
        self.programs, self.work, self.quick = programs, work, quick
        self.unwinds = build / "tests" / "bench" / "unwinds"
        self.snapshots = 0

    def snapshot(self, start):
        """The file in which the hook leaves what start(environment) runs."""
        self.snapshots += 1
        drop = self.work / f"drop{self.snapshots}"
        drop.mkdir()
        # A run id of its own: no daemon of this machine gets it.
        start({"LD_PRELOAD": str(HOOK), "CRASHD_RUN_ID": uuid.uuid4().hex,
               "CRASHD_SOCKET": str(drop / "none"), "CRASHD_DROP_DIR": str(drop)})
        (path,) = drop.glob("*.snapshot")
        return path

    def died(self, command):
        return self.snapshot(lambda environment: subprocess.run(
            [str(word) for word in command], env={"PATH": os.environ["PATH"], **environment},
            capture_output=True))

    def many_threads(self):
        def start(environment):
            options = [word for name, value in environment.items()
                       for word in ("-e", f"{name}={value}")]
            subprocess.run([self.programs.reaper, *options, self.programs.crasher, str(THREADS),
                            "0"], check=True, stdout=subprocess.DEVNULL)
        return self.snapshot(start)

    def rows(self):
        runs = 5 if self.quick else 15
        unwound = Table("unwinding a stack", "us", ["first", "again"], "again", None)
        named = Table("with functions and lines", "us", ["first", "again"], "again", None)
        for name, command in (("C", [self.programs.stacks, "c"]),
                              ("C++", [self.programs.stacks, "cxx"]), ("python", PYTHON)):
            path, found = self.died(command), []
            for _ in range(runs):
                found.append([int(word) for word in subprocess.run(
                    [self.unwinds, path, "20"], check=True, stdout=subprocess.PIPE,
                    text=True).stdout.split()])
            frames, *times = zip(*found)
            times = [[value / 1e3 for value in column] for column in times]
            row = f"{name}, {frames[0]} frames"
            yield unwound, unwound.add(row, dict(zip(("first", "again"), times[:2])), None)
            yield named, named.add(row, dict(zip(("first", "again"), times[2:])), None)
        yield from self.report()

    def report(self):
        snapshot = self.many_threads()
        times = Table("report of a snapshot", "ms", ["crashctl"], "crashctl", None)
        memory = Table("memory for a report", "MB", ["crashctl"], "crashctl", None)
        found = [subprocess.run([self.programs.answers, "100", "0", "/dev/null", CRASHCTL,
                                 "symbolize", snapshot], check=True, stdout=subprocess.PIPE,
                                text=True).stdout.split() for _ in range(3 if self.quick else 7)]
        text = subprocess.run([CRASHCTL, "symbolize", snapshot], check=True, capture_output=True,
                              text=True).stdout
        notes = ["reduced: it took too much time"] if "--timeout" in text else []
        row = f"{THREADS:,} threads"
        yield times, times.add(row, {"crashctl": [int(took) / 1e6 for took, _ in found]}, None,
                               notes)
        yield memory, memory.add(row, {"crashctl": [int(size) / 1024 for _, size in found]}, None)
