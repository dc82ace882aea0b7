# SPDX-License-Identifier: MIT
"""Every place where debug information hides gives function, file and line; a file that belongs to
another build gives nothing."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
struct shared { int first, second; const char *text; };
struct shared state;
static inline __attribute__((always_inline)) void store(volatile int *where) {
    *where = state.second; /* store */
}
__attribute__((noinline)) static int inner(struct shared *s) {
    s->first++;
    store((volatile int *)getenv("UNSET")); /* inner */
    return s->first;
}
int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "delete") == 0 && unlink(argv[0]) != 0)
        return 3;
    if (argc > 2 && strcmp(argv[1], "replace") == 0 && rename(argv[2], argv[0]) != 0)
        return 3;
    return inner(&state) + 1; /* main */
}
"""


def line(mark, program=PROGRAM):
    return next(n for n, text in enumerate(program.splitlines(), 1) if f"/* {mark} */" in text)


CHAIN = [("store", line("store")), ("inner", line("inner")), ("main", line("main"))]


def tool(*words, **options):
    return subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True,
                          **options)


def build(directory, *flags, name="victim", compiler="gcc"):
    source = directory / "victim.c"
    if not source.exists():
        source.write_text(PROGRAM)
    tool(compiler, "-g", "-O1", "-fno-optimize-sibling-calls", *flags, "-o", directory / name,
         source)
    return directory / name


def build_id(path):
    notes = tool("readelf", "-n", path).stdout
    return notes.split("Build ID: ")[1].split()[0]


def separate(program, debug, *objcopy):
    """Moves what a stripped file lacks to debug."""
    debug.parent.mkdir(parents=True, exist_ok=True)
    tool("objcopy", "--only-keep-debug", *objcopy, program, debug)
    tool("strip", program)
    return debug


def by_build_id(root, program):
    text = build_id(program)
    return root / ".build-id" / text[:2] / f"{text[2:]}.debug"


def run(tmp_path, *command, roots=(), **options):
    config = tmp_path / "run.conf"
    directories = " ".join(["/usr/lib/debug", *map(str, roots)])
    config.write_text(f"[crashd]\ndebug-directories = {directories}\n")
    return harness.Run(tmp_path, command, "--config", config, **options)


def chain(event, length=3):
    return [(f.get("function"), f.get("lineno")) for f in harness.frames(event)[:length]]


def check(event, directory):
    assert chain(event) == CHAIN
    for frame in harness.frames(event)[:3]:
        assert frame["abs_path"] == str(directory / "victim.c")
    assert "store" in harness.frames(event)[0]["context_line"]


def lacks_lines(event):
    assert not any("lineno" in f for f in harness.frames(event)
                   if f.get("package", "").endswith("victim"))


@pytest.mark.parametrize("compression", ["none", "zlib", "zlib-gnu", "zstd"])
def test_build_id_directory(tmp_path, compression):
    program = build(tmp_path)
    separate(program, by_build_id(tmp_path / "debug", program),
             f"--compress-debug-sections={compression}")
    check(run(tmp_path, program, roots=[tmp_path / "debug"]).event, tmp_path)


@pytest.mark.parametrize("compression", ["zlib", "zlib-gnu", "zstd"])
def test_compressed_in_the_file_itself(tmp_path, compression):
    program = build(tmp_path, f"-Wl,--compress-debug-sections={compression}")
    check(run(tmp_path, program).event, tmp_path)


@pytest.mark.parametrize("identified", [True, False])
@pytest.mark.parametrize("place", ["beside", "hidden", "global"])
def test_debuglink(tmp_path, place, identified):
    program = build(tmp_path, f"-Wl,--build-id={'sha1' if identified else 'none'}")
    root = tmp_path / "global"
    where = {"beside": tmp_path, "hidden": tmp_path / ".debug",
             "global": pathlib.Path(f"{root}{tmp_path}")}[place]
    debug = separate(program, where / "victim.debug")
    tool("objcopy", f"--add-gnu-debuglink={debug}", program)
    check(run(tmp_path, program, roots=[root]).event, tmp_path)


@pytest.mark.parametrize("place", ["beside", "global"])
def test_debuglink_through_a_symbolic_link(tmp_path, place):
    """addr2line's way to a file; a process's is resolved by the kernel."""
    real = tmp_path / "real"
    real.mkdir()
    program = build(real)
    where = real if place == "beside" else pathlib.Path(f"/usr/lib/debug{real}")
    address = tool("nm", program).stdout.split(" t inner")[0].splitlines()[-1]
    try:
        debug = separate(program, where / "victim.debug")
    except PermissionError:
        pytest.skip("/usr/lib/debug is not ours to write to")
    try:
        tool("objcopy", f"--add-gnu-debuglink={debug}", program)
        link = tmp_path / "link"
        link.symlink_to(program)
        result = harness.crashctl("symbolize", "-e", link, f"0x{address}")
        assert result.stdout.splitlines()[1] == "inner"
        assert f"{real}/victim.c:{line('inner') - 2}" in result.stdout
    finally:
        if place == "global":
            debug.unlink()
            for parent in where.parents:
                if parent == pathlib.Path("/usr/lib/debug"):
                    break
            os.removedirs(where)


def test_wrong_checksum(tmp_path):
    program = build(tmp_path, "-Wl,--build-id=none")
    debug = separate(program, tmp_path / "victim.debug")
    tool("objcopy", f"--add-gnu-debuglink={debug}", program)
    with debug.open("ab") as file:
        file.write(b"x")
    lacks_lines(run(tmp_path, program).event)


@pytest.mark.parametrize("place", ["link", "build-id"])
def test_a_debug_file_of_another_build(tmp_path, place):
    """Its checksum is right, its build-id is not."""
    program = build(tmp_path)
    other = build(tmp_path, "-DOTHER", "-O2", name="other")
    root = tmp_path / "debug"
    debug = separate(other, by_build_id(root, program) if place == "build-id"
                     else tmp_path / "victim.debug")
    tool("strip", program)
    if place == "link":
        tool("objcopy", f"--add-gnu-debuglink={debug}", program)
    lacks_lines(run(tmp_path, program, roots=[root]).event)


def make_fifo(path):
    os.mkfifo(path)


def make_directory(path):
    path.mkdir()


def make_device(path):
    path.symlink_to("/dev/zero")


def make_own_memory(path):
    path.symlink_to("/proc/self/mem")


def make_loop(path):
    path.symlink_to(path.name)


def make_huge(path):
    with path.open("wb") as file:
        file.truncate(1 << 40)


def make_huge_elf(path):
    shutil.copy("/bin/true", path)
    os.truncate(path, 1 << 40)


def make_garbage(path):
    path.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 64)


@pytest.mark.parametrize("make", [make_fifo, make_directory, make_device, make_own_memory,
                                  make_loop, make_huge, make_huge_elf, make_garbage])
def test_no_debug_file(tmp_path, make):
    """Neither by build-id nor by link: what stands there costs neither the report nor time."""
    program = build(tmp_path)
    debug = separate(program, tmp_path / "victim.debug")
    tool("objcopy", f"--add-gnu-debuglink={debug}", program)
    debug.unlink()
    make(debug)
    named = by_build_id(tmp_path / "debug", program)
    named.parent.mkdir(parents=True)
    make(named)
    run_ = run(tmp_path, program, roots=[tmp_path / "debug"])
    lacks_lines(run_.event)
    assert "symbols" in run_.stderr and "failed" not in run_.stderr


def add_mini(program, names):
    """As rpm's find-debuginfo makes .gnu_debugdata: a stripped file that has these symbols only."""
    mini = program.with_suffix(".mini")
    keep = program.with_suffix(".keep")
    keep.write_text("".join(f"{name}\n" for name in names))
    tool("objcopy", "--only-keep-debug", program, mini)
    tool("objcopy", "-S", "--remove-section=.gdb_index", "--remove-section=.comment",
         f"--keep-symbols={keep}", mini)
    tool("strip", program)
    tool("xz", "-f", mini)
    tool("objcopy", "--add-section", f".gnu_debugdata={mini}.xz", program)


@pytest.mark.parametrize("exported", [False, True])
def test_minidebuginfo(tmp_path, exported):
    program = build(tmp_path, *(["-rdynamic"] if exported else []))
    # Those of .dynsym are left out.
    add_mini(program, ["inner"] if exported else ["inner", "main"])
    event = run(tmp_path, program).event
    assert chain(event, 2) == [("inner", None), ("main", None)]


def test_minidebuginfo_that_is_broken(tmp_path):
    program = build(tmp_path)
    add_mini(program, ["inner", "main"])
    data = bytearray(program.read_bytes())
    at = data.index(b"\xfd7zXZ")
    data[at + 30:at + 60] = bytes(30)
    program.write_bytes(data)
    lacks_lines(run(tmp_path, program).event)


def test_deleted(tmp_path):
    run_ = run(tmp_path, build(tmp_path), "delete")
    check(run_.event, tmp_path)


def test_replaced(tmp_path):
    program = build(tmp_path)
    other = build(tmp_path, "-O0", "-DOTHER", name="other")
    check(run(tmp_path, program, "replace", other).event, tmp_path)


def test_deleted_and_its_debug_file_apart(tmp_path):
    program = build(tmp_path)
    separate(program, by_build_id(tmp_path / "debug", program))
    check(run(tmp_path, program, "delete", roots=[tmp_path / "debug"]).event, tmp_path)


CXX_PROGRAM = r"""
#include <map>
#include <string>
#include <vector>
namespace shop {
struct Item { std::string name; std::vector<int> prices; };
template <class T> struct Store {
    std::map<std::string, T> items;
    __attribute__((noinline)) int total(volatile int *where) {
        int sum = (int)items.size();
        *where = sum; /* total */
        return sum;
    }
};
}
__attribute__((noinline)) int run(volatile int *where) {
    shop::Store<shop::Item> store;
    store.items["a"].prices.push_back(1);
    return store.total(where) + 1; /* run */
}
int main(int argc, char **argv) {
    return run(argc > 5 ? &argc : nullptr) + 1; /* main of C++ */
}
"""
CXX_CHAIN = [("shop::Store<T>::total", line("total", CXX_PROGRAM)),
             ("run", line("run", CXX_PROGRAM)), ("main", line("main of C++", CXX_PROGRAM))]


def build_cxx(directory, *flags, name="victim"):
    source = directory / f"{name}.cpp"
    source.write_text(CXX_PROGRAM)
    tool("g++", "-g", "-O1", "-fno-optimize-sibling-calls", *flags, "-o", directory / name, source)
    return directory / name


def uses_alternate(path):
    return ".gnu_debugaltlink" in tool("readelf", "-SW", path).stdout


@pytest.mark.parametrize("version", ["4", "5"])
@pytest.mark.parametrize("make,truth", [(build, CHAIN), (build_cxx, CXX_CHAIN)],
                         ids=["C", "C++"])
def test_dwz(tmp_path, make, truth, version):
    """Partial units in the file itself."""
    program = make(tmp_path, f"-gdwarf-{version}")
    tool("dwz", program)
    assert chain(run(tmp_path, program).event) == truth


@pytest.mark.parametrize("version", ["4", "5"])
@pytest.mark.parametrize("place", ["absolute", "relative", "build-id", "relative of a link"])
@pytest.mark.parametrize("make,truth", [(build, CHAIN), (build_cxx, CXX_CHAIN)],
                         ids=["C", "C++"])
def test_dwz_multifile(tmp_path, make, truth, place, version):
    """What several debug files share is in another one, found by name or by build-id."""
    program = make(tmp_path, f"-gdwarf-{version}")
    other = make(tmp_path, f"-gdwarf-{version}", "-O2", name="other")
    root = tmp_path / "debug"
    link = by_build_id(root, program)
    debug = separate(program, tmp_path / "real/victim.debug"
                     if place == "relative of a link" else link)
    second = separate(other, by_build_id(root, other))
    if place == "relative of a link":
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(debug)
    shared = tmp_path / "shared.debug"
    name = ["-M", str(shared)] if place == "absolute" else ["-r"] if "relative" in place else \
        ["-M", "/nowhere/shared.debug"]
    tool("dwz", "-m", shared, *name, debug, second)
    assert uses_alternate(debug)
    if place == "build-id":
        target = by_build_id(root, shared)
        target.parent.mkdir(parents=True, exist_ok=True)
        shared.rename(target)
    assert chain(run(tmp_path, program, roots=[root]).event) == truth


@pytest.mark.parametrize("make", [make_fifo, make_directory, make_device, make_own_memory,
                                  make_huge, make_huge_elf, make_garbage])
def test_no_alternate_file(tmp_path, make):
    """Without it there still are lines; it costs neither the report nor time."""
    program = build_cxx(tmp_path)
    other = build_cxx(tmp_path, "-DOTHER", name="other")
    shared = tmp_path / "shared.debug"
    tool("dwz", "-m", shared, "-M", shared, program, other)
    assert uses_alternate(program)
    shared.unlink()
    make(shared)
    run_ = run(tmp_path, program)
    assert [number for _, number in chain(run_.event)] == [n for _, n in CXX_CHAIN]
    assert "failed" not in run_.stderr


def test_an_alternate_file_of_another_build(tmp_path):
    programs = {}
    for name in ("one", "two"):
        directory = tmp_path / name
        directory.mkdir()
        programs[name] = build_cxx(directory, f"-D{name.upper()}")
        tool("dwz", "-m", directory / "shared", "-M", tmp_path / "shared", programs[name],
             build_cxx(directory, "-DOTHER", f"-D{name.upper()}2", name="other"))
    shutil.copy(tmp_path / "two/shared", tmp_path / "shared")
    if build_id(tmp_path / "one/shared") == build_id(tmp_path / "two/shared"):
        shutil.copy("/bin/true", tmp_path / "shared")
    event = run(tmp_path, programs["one"]).event
    assert [number for _, number in chain(event)] == [n for _, n in CXX_CHAIN]


NAMES = [b"../../../../../../../etc/shadow", b"/etc/shadow", b"/dev/zero", b"/proc/self/mem",
         b"/proc/1/mem", b".", b"..", b"/", b"", b"a" * 5000, b"\xff\xfe%n%s", b"victim",
         b"../" * 2000]


@pytest.mark.parametrize("section", [".gnu_debuglink", ".gnu_debugaltlink"])
def test_hostile_links(tmp_path, section):
    """Whatever a link names, with and without an end: at most there is no debug information."""
    for number, name in enumerate(NAMES):
        for end in (b"\0" * (4 - len(name) % 4) + bytes(4), b"\0", b""):
            directory = tmp_path / f"{number}-{len(end)}"
            directory.mkdir()
            program = directory / "victim"
            if number == 0 and len(end) > 1:
                first = build(directory)
                if section == ".gnu_debuglink":
                    tool("strip", first)
                shutil.copy(first, tmp_path / "original")
            (directory / "link").write_bytes(name + end or b"\0")
            tool("objcopy", "--add-section", f"{section}={directory}/link", tmp_path / "original",
                 program)
            result = harness.crashctl("symbolize", "-e", program, "0x1139")
            assert result.returncode == 0 and "root:" not in result.stdout, (name, end)
    run_ = run(tmp_path, tmp_path / "1-0/victim")
    assert "failed" not in run_.stderr and "root:" not in str(run_.events)
    if section == ".gnu_debuglink":
        lacks_lines(run_.event)
    else:
        assert chain(run_.event) == CHAIN


def test_split_units_of_a_file_that_is_kept_open(tmp_path):
    """Each unit's .dwo is opened when an address falls into it: the second by a later crash."""
    (tmp_path / "one.c").write_text("void two(int *); int main(int c, char **v) {\n"
                                    "    if (c > 1) two(0);\n    *(volatile int *)0 = 1; }\n")
    (tmp_path / "two.c").write_text("void two(int *p) {\n\n\n    *(volatile int *)p = 1; }\n")
    tool("gcc", "-g", "-gsplit-dwarf", "-o", "victim", "one.c", "two.c", cwd=tmp_path)
    run_ = run(tmp_path, "sh", "-c", "./victim; ./victim x; exit 0", cwd=tmp_path)
    assert sorted(chain(event, 1)[0] for event in run_.events) == [("main", 3), ("two", 4)]


@pytest.mark.parametrize("make", [make_fifo, make_directory, make_device, make_own_memory,
                                  make_loop, make_huge, make_huge_elf, make_garbage])
def test_no_split_file(tmp_path, make):
    """Names are those of symbols then, lines are in the program itself."""
    program = build(tmp_path, "-gsplit-dwarf")
    (split,) = tmp_path.glob("*.dwo")
    split.unlink()
    make(split)
    make(tmp_path / "victim.dwp")
    run_ = run(tmp_path, program)
    assert chain(run_.event, 2) == [("inner", line("store")), ("main", line("main"))]
    assert "failed" not in run_.stderr


root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def of_victim(run_):
    (event,) = [e for e in run_.events if e["tags"]["exe"].endswith("victim")]
    return event


@root_only
def test_program_in_a_private_mount(tmp_path):
    program = build(tmp_path)
    private = tmp_path / "private"
    private.mkdir()
    # Another file of that name is where the daemon looks.
    shutil.copy("/bin/true", private / "victim")
    run_ = run(tmp_path, "unshare", "--mount", "sh", "-c",
               f"mount -t tmpfs none {private} && cp {program} {private} && exec {private}/victim")
    check(of_victim(run_), tmp_path)


@root_only
def test_program_in_another_root(tmp_path):
    program = build(tmp_path)
    place = tmp_path / "root"
    script = f"""set -e
        mount -t tmpfs none {place}
        for d in usr lib lib64 proc dev run tmp; do
            mkdir {place}/$d; mount --rbind /$d {place}/$d
        done
        mkdir -p {place}{harness.BUILD} {place}/app
        mount --rbind {harness.BUILD} {place}{harness.BUILD}
        cp {program} {place}/app
        exec chroot {place} /app/victim"""
    place.mkdir()
    run_ = run(tmp_path, "unshare", "--mount", "sh", "-c", script)
    event = of_victim(run_)
    assert chain(event) == CHAIN
    # The file of that name that we see is not the one that it was compiled from.
    assert not any("context_line" in f for f in harness.frames(event)[:3])
