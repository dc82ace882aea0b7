# SPDX-License-Identifier: MIT
"""From addresses to functions, inlined calls and lines: crashctl against four other tools, in fresh
processes and in one that has had the same addresses before."""
import pathlib
import re
import shutil
import subprocess

import address_tools
import bigprogram
from harness import CRASHCTL, environment
from table import Ratios

LIMIT = 100  # seconds, after which a tool is given up
SLOW = 10  # seconds, after which it is not run again
COUNTS = (1, 100, 10000)
REFERENCE = "llvm-symbolizer"
TOOLS = {
    "crashctl": [CRASHCTL, "symbolize", "-e"],
    REFERENCE: ["llvm-symbolizer", "-a", "-f", "-i", "-C", "-e"],
    "eu-addr2line": ["eu-addr2line", "-a", "-f", "-i", "-C", "-e"],
    "addr2line": ["addr2line", "-a", "-f", "-i", "-C", "-e"],
}
BIG = "371 MB of C++"
GDB, INDEXED = "gdb", "with index"
GSYMUTIL = "llvm-gsymutil-14"
TIME_BUDGETS = {1: 1 / 3, 100: 1 / 2, 10000: 1 / 2}
INDEXED_BUDGETS = {10000: 1 / 50}
MEMORY_BUDGET = 1 / 2
INDEX_SIZE_BUDGET = 0.2


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


def debug_size(file, work):
    """MB of its .debug sections, uncompressed."""
    plain = work / "uncompressed"
    subprocess.run(["objcopy", "--decompress-debug-sections", file, plain], check=True,
                   capture_output=True)
    sections = subprocess.run(["readelf", "-SW", plain], check=True, capture_output=True,
                              text=True).stdout
    plain.unlink()
    return sum(int(size, 16) for size in
               re.findall(r" \.debug_\S+ +\S+ +\S+ +\S+ +(\S+)", sections)) / 1e6


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
        yield (BIG, self.big or generated(self.build / "bench" / "big", units=30, parts=19,
                                          sources=5), None)

    def command(self, tool, program, addresses, passes):
        if tool == INDEXED:
            return [*TOOLS["crashctl"], program, "--index", self.work / "index"]
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
                               *self.command(tool, program, addresses, passes)],
                              stdout=subprocess.PIPE, env=environment(DEBUGINFOD_URLS=""),
                              text=True)
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
                if seconds > SLOW and tool not in (REFERENCE, "crashctl"):
                    left.remove(tool)
                    notes.append(f"{tool} is slow: it was not run again")
        return times, memory, notes

    def timed(self, *command):
        """(ms, MB)"""
        took, memory = subprocess.run([self.answers, str(LIMIT), "0", "/dev/null", *command],
                                      stdout=subprocess.PIPE, check=True, text=True).stdout.split()
        return int(took) / 1e6, int(memory) / 1024

    def build_index(self, name, program, tables):
        times, memory, size = tables
        directory, found = self.work / "index", {"crashctl": [], GSYMUTIL: []}
        for _ in range(1 if self.quick else 3):
            shutil.rmtree(directory, ignore_errors=True)
            found["crashctl"].append(self.timed(CRASHCTL, "index", "-o", directory, program))
            if shutil.which(GSYMUTIL):
                found[GSYMUTIL].append(self.timed(GSYMUTIL, "--num-threads=1", "--convert",
                                                  debug_file(program), "-o", self.work / "gsym"))
        for number, table in enumerate((times, memory)):
            yield table, table.add(name, {tool: [pair[number] for pair in of]
                                          for tool, of in found.items()}, None)
        sizes = {"index": [sum(path.stat().st_size for path in directory.rglob("*.idx")) / 1e6],
                 "debug": [debug_size(debug_file(program), self.work)]}
        if found[GSYMUTIL]:
            sizes["gsym"] = [(self.work / "gsym").stat().st_size / 1e6]
        yield size, size.add(name, sizes, INDEX_SIZE_BUDGET if name == BIG else None)

    def rows(self):
        peers = [tool for tool in TOOLS if shutil.which(TOOLS[tool][0])]
        if self.quick:
            peers.remove("eu-addr2line")
        tools = [*peers, INDEXED] if self.quick else [*peers, INDEXED, GDB]
        fresh = Ratios("addresses, fresh process", "ms", tools, "crashctl", REFERENCE)
        memory = Ratios("memory for that", "MB", tools, "crashctl", REFERENCE)
        indexed = Ratios("the same with an index", "ms", [INDEXED, REFERENCE], INDEXED,
                         REFERENCE)
        warm = Ratios("addresses again", "ms", [*peers, INDEXED], "crashctl", REFERENCE)
        built = (Ratios("building an index", "ms", ["crashctl", GSYMUTIL], "crashctl", GSYMUTIL),
                 Ratios("memory for an index", "MB", ["crashctl", GSYMUTIL], "crashctl", GSYMUTIL),
                 Ratios("size of an index", "MB", ["index", "debug", "gsym"], "index", "debug"))
        runs = 2 if self.quick else 5
        for name, program, why_not in self.files():
            if not program:
                yield fresh, fresh.add(name, {}, None, [f"not measured: {why_not}"])
                continue
            yield from self.build_index(name, program, built)
            functions = address_tools.symbols(debug_file(program))
            for count in COUNTS:
                lists = [address_tools.random_addresses(functions, count, seed)
                         for seed in range(runs)]
                row = f"{name}, {count:,}"
                times, sizes, notes = self.alternated(tools, program, lists)
                big = name == BIG
                yield fresh, fresh.add(row, times, TIME_BUDGETS[count] if big else None, notes)
                yield memory, memory.add(row, sizes, MEMORY_BUDGET if big else None)
                yield indexed, indexed.add(row, times, INDEXED_BUDGETS.get(count) if big else None)
                if count > 1:
                    usable = [tool for tool in [*peers, INDEXED]
                              if times[tool] and max(times[tool]) < LIMIT / 5 * 1e3]
                    times, _, notes = self.alternated(usable, program, lists[:3], passes=3)
                    yield warm, warm.add(row, times, None, notes)
