# SPDX-License-Identifier: MIT
"""From addresses to functions, inlined calls and lines: crashctl against four other tools, in fresh
processes and in one that has had the same addresses before."""
import pathlib
import shutil
import subprocess

import address_tools
import bigprogram
from harness import CRASHCTL, environment
from table import Ratios

LIMIT = 100  # seconds, after which a tool is given up
SLOW = 10  # seconds, after which it is not run again
COUNTS = (1, 100, 10000)
TOOLS = {
    "crashctl": [CRASHCTL, "symbolize", "-e"],
    "llvm-symbolizer": ["llvm-symbolizer", "-a", "-f", "-i", "-C", "-e"],
    "eu-addr2line": ["eu-addr2line", "-a", "-f", "-i", "-C", "-e"],
    "addr2line": ["addr2line", "-a", "-f", "-i", "-C", "-e"],
}
GDB = "gdb"
TIME_BUDGETS = {1: 1 / 3, 100: 1 / 2, 10000: 1 / 2}
MEMORY_BUDGET = 1 / 2


class TooSlow(Exception):
    pass


def packaged_python(directory):
    """Debian's python3.11 with its debug file beside, from the packages; not installed."""
    program = directory / "python3.11"
    if program.exists():
        return program
    directory.mkdir(exist_ok=True)
    try:
        subprocess.run(["apt-get", "download", "-qq", "python3.11-minimal", "python3.11-dbg"],
                       cwd=directory, check=True, capture_output=True)
        for package in directory.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, directory], check=True, capture_output=True)
            package.unlink()
    except (OSError, subprocess.CalledProcessError):
        return None
    (directory / ".debug").mkdir(exist_ok=True)
    for debug in directory.glob("usr/lib/debug/.build-id/*/*.debug"):
        # Both packages' files carry their build-id; the link names the rest of the program's.
        shutil.move(debug, directory / ".debug" / debug.name)
    shutil.move(directory / "usr/bin/python3.11", program)
    shutil.rmtree(directory / "usr")
    return program


def generated(directory, **size):
    directory.mkdir(exist_ok=True)
    program = directory / "big"
    return program if program.exists() else bigprogram.build(directory, **size)


def debug_file(program):
    """Where the symbols stand: beside it, in the global directory, in itself."""
    notes = subprocess.run(["readelf", "-n", program], capture_output=True, text=True).stdout
    build_id = notes.partition("Build ID: ")[2].partition("\n")[0]
    for path in (program.parent / ".debug" / f"{build_id[2:]}.debug",
                 pathlib.Path(f"/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug")):
        if path.exists():
            return path
    return program


class Symbols:
    def __init__(self, programs, build, work, quick, big):
        self.answers, self.build, self.work = programs.answers, build, work
        self.quick, self.big = quick, big

    def files(self):
        """(name, path or None, why not)"""
        yield "small", generated(self.build / "bench" / "small"), None
        if self.quick:
            return
        libc = pathlib.Path("/lib/x86_64-linux-gnu/libc.so.6")
        there = debug_file(libc) != libc
        yield "libc6", libc if there else None, "libc6-dbg is not installed"
        yield ("python3.11", packaged_python(self.build / "bench" / "python"),
               "python3.11-dbg cannot be downloaded")
        yield "371 MB of C++", self.big or generated(self.build / "bench" / "big", units=30,
                                                     parts=19, sources=5), None

    def command(self, tool, program, addresses, passes):
        if tool != GDB:
            # This one answers when its input ends or its buffer is full.
            buffer = ["stdbuf", "-oL"] if passes and tool == "eu-addr2line" else []
            return [*buffer, *TOOLS[tool], program]
        script = self.work / "addresses.gdb"
        script.write_text("".join(f"info symbol {address:#x}\ninfo line *{address:#x}\n"
                                  for address in addresses))
        return ["gdb", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-x", script, program]

    def measure(self, tool, program, addresses, passes=0):
        """(seconds, MB)"""
        file = self.work / "addresses"
        file.write_text("".join(f"{address:#x}\n" for address in addresses))
        done = subprocess.run([self.answers, str(LIMIT), str(passes), file,
                               *self.command(tool, program, addresses, passes)], stdout=subprocess.PIPE,
                              env=environment(DEBUGINFOD_URLS=""), text=True)
        if done.returncode == -9:
            raise TooSlow
        done.check_returncode()
        took, memory = done.stdout.split()
        return int(took) / 1e9, int(memory) / 1024

    def alternated(self, tools, program, lists, passes=0):
        """Every tool in turn for each list of addresses: ({tool: [s]}, {tool: [MB]}, notes)."""
        times, memory, notes = {tool: [] for tool in tools}, {tool: [] for tool in tools}, []
        left = list(tools)
        for addresses in lists:
            for tool in list(left):
                try:
                    seconds, size = self.measure(tool, program, addresses, passes)
                except TooSlow:
                    notes.append(f"{tool} took more than {LIMIT} s")
                    left.remove(tool)
                    continue
                times[tool].append(seconds * 1e3)
                memory[tool].append(size)
                if seconds > SLOW and tool in left:
                    left.remove(tool)
                    notes.append(f"{tool} is slow: it was not run again")
        return times, memory, notes

    def rows(self):
        peers = [tool for tool in TOOLS if shutil.which(TOOLS[tool][0])]
        tools = [*peers, GDB]
        if self.quick:
            peers = tools = [tool for tool in peers if tool != "eu-addr2line"]
        fresh = Ratios("addresses, fresh process", "ms", tools, "crashctl", "llvm-symbolizer")
        memory = Ratios("its memory", "MB", tools, "crashctl", "llvm-symbolizer")
        warm = Ratios("addresses again", "ms", peers, "crashctl", "llvm-symbolizer")
        runs = 2 if self.quick else 5
        for name, program, why_not in self.files():
            if not program:
                yield fresh, fresh.add(name, {}, None, [f"not measured: {why_not}"])
                continue
            functions = address_tools.symbols(debug_file(program))
            for count in COUNTS:
                lists = [address_tools.random_addresses(functions, count, seed)
                         for seed in range(runs)]
                row = f"{name}, {count:,}"
                times, sizes, notes = self.alternated(tools, program, lists)
                big = name.startswith("371")
                yield fresh, fresh.add(row, times, TIME_BUDGETS[count] if big else None, notes)
                yield memory, memory.add(row, sizes, MEMORY_BUDGET if big else None)
                if count > 1:
                    usable = [tool for tool in peers
                              if times[tool] and max(times[tool]) < LIMIT / 5 * 1e3]
                    times, _, notes = self.alternated(usable, program, lists[:3], passes=3)
                    yield warm, warm.add(row, times, None, notes)
