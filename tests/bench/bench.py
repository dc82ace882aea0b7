#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What crashd costs, as ratios to a peer in the same run: bench.py --build B --output FILE [--quick]

Nothing here fails because of a time: machines differ. The budgets of the design stand beside the
rows for people to look at.
"""
import argparse
import contextlib
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "integration")]

import hosts  # noqa: E402
from corefile import CoreFiles  # noqa: E402
from programs import LIBRARIES, Programs, waiting_process  # noqa: E402
from table import Table  # noqa: E402

GB = 1 << 30
# name, threads, heap, libraries, (runs, core files), the same for --quick, budget of what is added
DEATHS = [
    ("1 thread", 1, 0, 0, (100, 40), (10, 5), 1.0),
    ("100 threads", 100, 0, 0, (40, 15), (5, 3), 4.0),
    ("1,000 threads", 1000, 0, 0, (16, 5), (3, 1), 30.0),
    ("1 thread, 2 GB heap", 1, 2 * GB, 0, (30, 3), (2, 1), 2.0),
    (f"1 thread, {LIBRARIES} libraries", 1, 0, LIBRARIES, (20, 8), (3, 2), 5.0),
]


def numbers(command, **options):
    done = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE,
                          text=True, **options)
    return [[int(word) for word in line.split()] for line in done.stdout.splitlines()]


class Bench:
    def __init__(self, build, work, quick, big):
        # Their build directory comes from the environment, once, when they are imported.
        import daemon_process
        import harness
        import recording_server
        self.daemon, self.server = daemon_process.Daemon, recording_server.RecordingServer
        import stacks
        import symbols
        self.hook = harness.HOOK
        self.programs = Programs(build)
        self.work, self.quick = work, quick
        self.names = 0
        self.cores = CoreFiles(self.work)
        self.stacks = stacks.Stacks(self.programs, build, work, quick)
        self.symbols = symbols.Symbols(self.programs, build, work, quick, big)

    def start(self):
        """Start-up, with every kind of preload in turn."""
        runs = 200 if self.quick else 2000
        kinds = {"hook": str(self.hook), "empty": str(self.programs.empty), "none": ""}
        samples = {kind: [] for kind in kinds}
        order = list(kinds)
        for which, took in numbers([self.programs.starts, runs, self.programs.nothing,
                                    *kinds.values()]):
            samples[order[which]].append(took / 1e3)
        times = Table("process start", "us", order, "hook", "empty")
        yield times, times.add("exec to exit", samples, 25)
        found = {kind: list(zip(*(waiting_process(self.programs.nothing, preload)
                                  for _ in range(5)))) for kind, preload in kinds.items()}
        memory = Table("private memory", "KiB", order, "hook", "empty")
        yield memory, memory.add("of a waiting process",
                                 {kind: values[0] for kind, values in found.items()}, 48)
        counts = Table("a waiting process has", "number", order, "hook", "empty")
        for place, name in enumerate(("threads", "open descriptors"), 1):
            yield counts, counts.add(name, {kind: values[place] for kind, values in found.items()},
                                     0)

    def create(self):
        rounds, runs = (4, 500) if self.quick else (12, 2000)
        created, joined = {"hook": [], "none": []}, {"hook": [], "none": []}
        for _ in range(rounds):
            for kind in created:
                # By way of env: the preload is for the measured program alone.
                preload = [f"LD_PRELOAD={self.hook}"] if kind == "hook" else []
                for create, join in numbers(["/usr/bin/env", "-i", *preload, self.programs.creates,
                                             runs]):
                    created[kind].append(create / 1e3)
                    joined[kind].append(join / 1e3)
        table = Table("threads", "us", ["hook", "none"], "hook", "none")
        yield table, table.add("pthread_create", created, 5)
        yield table, table.add("until joined", joined, None)

    def named(self, program):
        """A name of its own for each death: equal ones of one program are only counted."""
        self.names += 1
        path = self.work / f"{program.name}{self.names}"
        try:
            os.link(program, path)
        except OSError:
            shutil.copy2(program, path)
        return path

    def death(self, kind, program, row, socket=None):
        """(time of the fault, ms from there until reaped)."""
        _, threads, heap, libraries, *_ = row
        options = []
        if kind == "hook":
            options = ["-e", f"LD_PRELOAD={self.hook}", "-e", f"CRASHD_SOCKET={socket}"]
        elif kind == "core":
            options = ["-c"]
        ((fault, took, dumped),) = numbers([self.programs.reaper, *options, program, threads, heap,
                                            *self.programs.libraries[:libraries]])
        assert dumped == (kind == "core"), f"core file: {dumped}"
        return fault, took / 1e6

    def deaths(self):
        table = Table("fault to reaped", "ms", ["hook", "none", "core"], "hook", "none")
        with self.daemon(self.work, env={"TMPDIR": self.work}) as daemon:
            reported = 0
            for row in DEATHS:
                name, _, heap, _, usual, quick, budget = row
                runs, cores = quick if self.quick else usual
                samples, notes = {"hook": [], "none": [], "core": []}, []
                if heap > available_memory() * 0.8:
                    yield table, table.add(name, samples, budget,
                                           ["not measured: too little memory"])
                    continue
                if self.cores.why_not or not self.cores.room_for(heap):
                    notes.append(self.cores.why_not or "no core files: too little room")
                    cores = 0
                for run in range(runs):
                    # Each takes each place in turn. Core files are slow, and their times steady.
                    kinds = ["none", "hook"] + (["core"] if run < cores else [])
                    for place in range(len(kinds)):
                        kind = kinds[(place + run) % len(kinds)]
                        with self.cores if kind == "core" else contextlib.nullcontext():
                            samples[kind].append(
                                self.death(kind, self.named(self.programs.crasher), row,
                                           daemon.socket)[1])
                        if kind == "hook":
                            # The machine is quiet again before the next one dies.
                            reported += 1
                            daemon.wait_reported(reported)
                yield table, table.add(name, samples, budget, notes)

    def until_event(self, server, program):
        """ms from a fault to the last byte of the event at a server: ([first of a daemon that has
        just started], [later ones])."""
        daemons, later = (2, 3) if self.quick else (8, 4)
        first, others = [], []
        for _ in range(daemons):
            self.names += 1
            directory = self.work / f"events{self.names}"
            directory.mkdir()
            victim = self.named(program)
            with self.daemon(directory, "--dsn", server.dsn(), env={"TMPDIR": self.work}) as daemon:
                for crash in range(1 + later):
                    before = len(server.requests)
                    fault, _ = self.death("hook", victim, DEATHS[0], daemon.socket)
                    request = server.wait_for(before + 1)[before]
                    (others if crash else first).append(request.time * 1e3 - fault / 1e6)
                    daemon.wait_reported(crash + 1)
        return first, others

    def events(self):
        table = Table("fault to event at a local server", "ms", ["hook"], "hook", None)
        with self.server() as server:
            first, others = self.until_event(server, self.programs.bare)
            with_libc, _ = self.until_event(server, self.programs.crasher)
        yield table, table.add("modules never seen", {"hook": first}, 60)
        yield table, table.add("modules seen before", {"hook": others}, 10)
        yield table, table.add("never seen, frames in libc", {"hook": with_libc}, None)

    def hosts(self):
        yield from hosts.rows(self.hook, self.programs.starts, self.work, self.quick)

    def run(self, only):
        """Rows of every part; each table is printed when its part is over."""
        parts = {"start": self.start, "create": self.create, "hosts": self.hosts,
                 "deaths": self.deaths, "events": self.events, "stacks": self.stacks.rows,
                 "symbols": self.symbols.rows}
        rows = []
        for name, part in parts.items():
            if only and name not in only:
                continue
            tables = []
            for table, row in part():
                rows.append({"table": table.title, **row})
                if table not in tables:
                    tables.append(table)
            for table in tables:
                table.print()
            sys.stdout.flush()
        return rows


def available_memory():
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def interrupted(number, frame):
    """As an exception, so that what was set up is put back."""
    sys.exit(128 + number)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--quick", action="store_true", help="few runs: 40 seconds in all")
    parser.add_argument("--only", action="append", help="a part, more than once for more")
    parser.add_argument("--big", type=pathlib.Path,
                        help="the large program, made before by bigprogram.py")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    os.environ["CRASHD_BUILD"] = str(build)
    signal.signal(signal.SIGTERM, interrupted)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-") as work:
        rows = Bench(build, pathlib.Path(work), arguments.quick, arguments.big).run(arguments.only)
    took = time.monotonic() - began
    arguments.output.write_text(json.dumps({
        "version": 1,
        "quick": arguments.quick,
        "seconds": round(took, 1),
        "kernel": platform.release(),
        "processors": os.cpu_count(),
        "rows": rows,
    }, indent=2) + "\n")
    print(f"\nmedians; {took:.0f} s; all numbers are in {arguments.output}")


if __name__ == "__main__":
    main()
