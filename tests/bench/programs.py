# SPDX-License-Identifier: MIT
"""The programs that are measured, built from tests/bench/*.c into BUILD/bench."""
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
LIBRARIES = 400
BUILD_ID = bytes(range(0x40, 0x54))


def _compile(directory, name, *flags, target=None, compiler=("gcc", "-std=gnu17"), suffix="c"):
    target = directory / (target or name)
    source = HERE / f"{name}.{suffix}"
    newest = max(path.stat().st_mtime for path in (source, HERE / "clock.h"))
    if not target.exists() or target.stat().st_mtime < newest:
        subprocess.run([*compiler, "-D_GNU_SOURCE", "-O2", "-g", "-Wall", "-Wextra",
                        *flags, "-o", target, source], check=True)
    return target


def _libraries(directory):
    """Many small libraries, each with a build-id of its own: one is linked, the rest are copies."""
    directory.mkdir(exist_ok=True)
    first = _compile(directory.parent, "empty", "-shared", "-fPIC",
                     f"-Wl,--build-id=0x{BUILD_ID.hex()}", target="library.so")
    image = first.read_bytes()
    assert image.count(BUILD_ID) == 1
    paths = [directory / f"library{number}.so" for number in range(LIBRARIES)]
    for number, path in enumerate(paths):
        if not path.exists():
            path.write_bytes(image.replace(BUILD_ID, number.to_bytes(len(BUILD_ID), "big")))
            path.chmod(0o755)
    return paths


class Programs:
    def __init__(self, build):
        self.directory = build / "bench"
        self.directory.mkdir(exist_ok=True)
        for name in ("nothing", "starts", "creates", "crasher", "reaper", "answers"):
            setattr(self, name, _compile(self.directory, name, "-pthread"))
        self.stacks = _compile(self.directory, "stacks", suffix="cc",
                               compiler=("g++", "-std=gnu++17"))
        self.bare = _compile(self.directory, "bare", "-nostartfiles")
        self.empty = _compile(self.directory, "empty", "-shared", "-fPIC", target="empty.so")
        self.libraries = _libraries(self.directory / "libraries")


def waiting_process(program, preload):
    """What a waiting process has: KiB that it has written and shares with nobody, threads,
    descriptors. A second one that does the same keeps the pages of files from counting as its own.
    """
    environment = {"LD_PRELOAD": str(preload)} if preload else {}
    waiting = [subprocess.Popen([program, "wait"], env=environment, stdout=subprocess.PIPE)
               for _ in range(2)]
    try:
        for process in waiting:
            process.stdout.readline()
        proc = pathlib.Path(f"/proc/{waiting[0].pid}")
        text = (proc / "smaps_rollup").read_text()
        threads, descriptors = (len(list((proc / name).iterdir())) for name in ("task", "fd"))
    finally:
        for process in waiting:
            process.kill()
            process.wait()
            process.stdout.close()
    memory = sum(int(value) for value in re.findall(r"^Private_\w+: +(\d+) kB", text, re.M))
    return memory, threads, descriptors
