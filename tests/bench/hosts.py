# SPDX-License-Identifier: MIT
"""Programs that people run, as they are installed: what the hook adds to each."""
import os
import pathlib
import shutil
import subprocess
import time

from table import Table

HERE = pathlib.Path(__file__).resolve().parent
SHELLS = ("/usr/bin/python3", "/bin/bash", "/usr/bin/perl")
NULL_CHECKS = 100000


def _start(table, program, starts, kinds, runs):
    """Read an empty program from standard input, and end."""
    samples = {kind: [] for kind in kinds}
    done = subprocess.run([starts, str(runs), program, *kinds.values()], check=True, text=True,
                          stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    for line in done.stdout.splitlines():
        which, took = line.split()
        samples[list(kinds)[int(which)]].append(int(took) / 1e6)
    return table.add(f"{program}: exec to exit", samples, None)


def _null_checks(table, java, classes, kinds, runs):
    samples = {kind: [] for kind in kinds}
    for run in range(runs):
        order = list(kinds) if run % 2 else list(kinds)[::-1]
        for kind in order:
            environment = {**os.environ, "LD_PRELOAD": kinds[kind]}
            began = time.monotonic()
            done = subprocess.run([java, "-Xint", "-cp", classes, "NullChecks", str(NULL_CHECKS)],
                                  env=environment, check=True, capture_output=True, text=True)
            samples[kind].append((time.monotonic() - began) * 1e3)
            assert done.stdout == f"{NULL_CHECKS}\n"
    return table.add(f"OpenJDK: {NULL_CHECKS:,} null checks", samples, None,
                     ["at most 2 % slower is asked for"])


def rows(hook, starts, work, quick):
    """(table, row) for each program that is there."""
    kinds = {"hook": str(hook), "none": ""}
    table = Table("hosts", "ms", list(kinds), "hook", "none")
    for program in SHELLS:
        if os.access(program, os.X_OK):
            yield table, _start(table, program, starts, kinds, 20 if quick else 200)
    java, compiler = shutil.which("java"), shutil.which("javac")
    if java and compiler:
        subprocess.run([compiler, "-d", work, HERE / "NullChecks.java"], check=True)
        yield table, _null_checks(table, java, work, kinds, 2 if quick else 8)
