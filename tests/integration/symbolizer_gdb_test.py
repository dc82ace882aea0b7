# SPDX-License-Identifier: MIT
"""Stacks from snapshots against gdb's in the same program: functions, inlined frames, file:line."""

import json
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CRASHD_BUILD", ROOT / "build"))
HOOK = Path(os.environ.get("CRASHD_HOOK", BUILD / "libcrashhook/libcrashhook.so"))
WALK_DUMP = Path(os.environ.get("CRASHD_WALK_DUMP", BUILD / "tests/unit/walk-dump"))

GDB_SCRIPT = r"""
import gdb, json
frame = gdb.newest_frame()
while frame is not None:
    sal = frame.find_sal()
    print("FRAME " + json.dumps({
        "function": frame.name(),
        "file": sal.symtab.filename if sal.symtab else None,
        "line": sal.line if sal.symtab else 0,
        "inlined": frame.type() == gdb.INLINE_FRAME,
        "signal": frame.type() == gdb.SIGTRAMP_FRAME,
        "tail": frame.type() == gdb.TAILCALL_FRAME,
    }))
    frame = frame.older()
"""

C_PROGRAMS = {
    "null": r"""
struct node { struct node *volatile next; volatile int key; };
static int find(const struct node *n, int k) { while (n->key != k) n = n->next; return ((volatile const struct node *)n)->key; }
__attribute__((noinline)) int lookup(int k) { struct node a = {0, 1}; return find(&a, k) + 1; }
int main(int argc, char **argv) { int r = lookup(argc + 1); return r + argc; }
""",
    "inlines": r"""
#include <string.h>
static inline int third(volatile int *p) { return *p + 3; }
static inline int second(int *p) { return third(p) * 2; }
static inline int first(int *p, int n) { int sum = 0; for (int i = 0; i < n; i++) sum += second(p); return sum; }
__attribute__((noinline)) int outer(int *p, int n) { return first(p, n) + 1; }
int main(int argc, char **argv) { int r = outer(argc > 5 ? &argc : 0, argc); return r ^ argc; }
""",
    "abort": r"""
#include <stdlib.h>
__attribute__((noinline)) static void give_up(const char *why) { if (why) abort(); }
__attribute__((noinline)) int check(int x) { if (x > 0) give_up("x"); return x + 1; }
int main(int argc, char **argv) { int r = check(argc); return r + argc; }
""",
    "assertion": r"""
#include <assert.h>
__attribute__((noinline)) int check(int x) { assert(x < 0 && "negative"); return x + 1; }
int main(int argc, char **argv) { int r = check(argc); return r + argc; }
""",
    "qsort": r"""
#include <stdlib.h>
static int *nothing;
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b + *(volatile int *)nothing; }
__attribute__((noinline)) int sort(int *v, int n) { qsort(v, n, sizeof(int), compare); return v[0]; }
int main(int argc, char **argv) { int v[16]; for (int i = 0; i < 16; i++) v[i] = 16 - i; int r = sort(v, 16); return r + argc; }
""",
    "division": r"""
__attribute__((noinline)) int divide(int a, int b) { return a / b; }
int main(int argc, char **argv) { int r = divide(argc, argc - 1); return r + argc; }
""",
    "null_call": r"""
__attribute__((noinline)) int call(int (*f)(int), int x) { int r = f(x); return r + 1; }
int main(int argc, char **argv) { int (*volatile f)(int) = 0; int r = call(f, argc); return r + argc; }
""",
    "handler": r"""
#include <signal.h>
static volatile int *nothing;
static void on_usr1(int sig) { *nothing = sig; }
__attribute__((noinline)) int work(int x) { raise(SIGUSR1); return x + 1; }
int main(int argc, char **argv) { signal(SIGUSR1, on_usr1); int r = work(argc); return r + argc; }
""",
    "handler_altstack": r"""
#include <signal.h>
#include <stdlib.h>
static volatile int *nothing;
static void on_usr1(int sig) { *nothing = sig; }
__attribute__((noinline)) int work(int x) { raise(SIGUSR1); return x + 1; }
int main(int argc, char **argv) {
    stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
    struct sigaction action = {.sa_handler = on_usr1, .sa_flags = SA_ONSTACK};
    sigaltstack(&stack, 0);
    sigaction(SIGUSR1, &action, 0);
    int r = work(argc);
    return r + argc;
}
""",
    "thread": r"""
#include <pthread.h>
__attribute__((noinline)) static int store(volatile int *p, int x) { *p = x; return x; }
static void *run(void *arg) { int r = store(arg, 7); return (void *)(long)r; }
int main(int argc, char **argv) { pthread_t t; pthread_create(&t, 0, run, 0); pthread_join(t, 0); return 0; }
""",
    "strlen": r"""
#include <string.h>
__attribute__((noinline)) unsigned long measure(const char *s) { return strlen(s) + 1; }
int main(int argc, char **argv) { const char *volatile s = (const char *)16; unsigned long r = measure(s); return (int)r; }
""",
    "overflow": r"""
__attribute__((noinline)) int recurse(int n) { volatile char pad[200]; pad[n % 200] = n; int r = recurse(n + 1); return r + pad[0]; }
int main(int argc, char **argv) { int r = recurse(argc); return r + argc; }
""",
    "tail_calls": r"""
static volatile int zero;
__attribute__((noinline)) int last(int *p, int x) { int r = *(volatile int *)p + x; zero = r; return r + 1; }
__attribute__((noinline)) int middle(int *p, int x) { zero = x; return last(p, x + 1); }
__attribute__((noinline)) int first(int *p, int x) { zero = x + 7; return middle(p, x * 2); }
__attribute__((noinline)) int start(int *p, int x) { int r = first(p, x); zero = r; return r + x; }
int main(int argc, char **argv) { int r = start(zero ? &argc : 0, argc); return r + argc; }
""",
    "tail_calls_two_ways": r"""
static volatile int zero;
__attribute__((noinline)) int last(int *p, int x) { int r = *(volatile int *)p + x; zero = r; return r + 1; }
__attribute__((noinline)) int left(int *p, int x) { zero = x; return last(p, x + 1); }
__attribute__((noinline)) int right(int *p, int x) { zero = x + 1; return last(p, x + 2); }
__attribute__((noinline)) int fork_(int *p, int x) { zero = x + 7; if (x & 1) return left(p, x * 2); return right(p, x * 3); }
__attribute__((noinline)) int start(int *p, int x) { int r = fork_(p, x); zero = r; return r + x; }
int main(int argc, char **argv) { int r = start(zero ? &argc : 0, argc); return r + argc; }
""",
    "tail_calls_unknown": r"""
static volatile int zero;
__attribute__((noinline)) int last(int *p, int x) { int r = *(volatile int *)p + x; zero = r; return r + 1; }
int (*volatile pointer)(int *, int) = last;
__attribute__((noinline)) int middle(int *p, int x) { zero = x; return pointer(p, x + 1); }
__attribute__((noinline)) int start(int *p, int x) { int r = middle(p, x); zero = r; return r + x; }
int main(int argc, char **argv) { int r = start(zero ? &argc : 0, argc); return r + argc; }
""",
    "tail_calls_inlined": r"""
static volatile int zero;
__attribute__((noinline)) int last(int *p, int x) { int r = *(volatile int *)p + x; zero = r; return r + 1; }
static inline int jump(int *p, int x) { zero = x; return last(p, x + 1); }
__attribute__((noinline)) int middle(int *p, int x) { zero = x + 3; return jump(p, x); }
static inline int call(int *p, int x) { int r = middle(p, x); zero = r; return r + x; }
__attribute__((noinline)) int start(int *p, int x) { int r = call(p, x); zero = r; return r + x; }
int main(int argc, char **argv) { int r = start(zero ? &argc : 0, argc); return r + argc; }
""",
    "tail_recursion": r"""
static volatile int zero;
__attribute__((noinline)) int last(int *p, int x) { int r = *(volatile int *)p + x; zero = r; return r + 1; }
__attribute__((noinline)) int odd(int *p, int x);
__attribute__((noinline)) int even(int *p, int x) { zero = x; if (x <= 0) return last(p, x); return odd(p, x - 1); }
__attribute__((noinline)) int odd(int *p, int x) { zero = x + 1; return even(p, x - 1); }
__attribute__((noinline)) int start(int *p, int x) { int r = even(p, x); zero = r; return r + x; }
int main(int argc, char **argv) { int r = start(zero ? &argc : 0, argc + 5); return r + argc; }
""",
    "trap": r"""
__attribute__((noinline)) int stop(int x) { if (x) __builtin_trap(); return x; }
int main(int argc, char **argv) { int r = stop(argc); return r + argc; }
""",
}

CXX_PROGRAMS = {
    "exception": r"""
#include <stdexcept>
#include <string>
namespace shop { struct Order { int total(int n) const { if (n > 0) throw std::runtime_error("no items in " + std::to_string(n)); return n; } }; }
__attribute__((noinline)) int run(int n) { shop::Order o; int r = o.total(n); return r + 1; }
int main(int argc, char **argv) { int r = run(argc); return r + argc; }
""",
    "templates": r"""
#include <map>
#include <string>
#include <vector>
namespace ns {
template <typename T, int N> struct Table { T *values[N]; T &at(int i) { return *values[i]; } };
template <typename K> int sum(Table<K, 4> &t, int n) { int s = 0; for (int i = 0; i < n; i++) s += t.at(i); return s; }
namespace { struct Hidden { Table<int, 4> t{}; __attribute__((noinline)) int go(int n) { return sum(t, n) + 1; } }; }
}
int main(int argc, char **argv) { ns::Hidden h; int r = h.go(argc); return r + argc; }
""",
    "lambda": r"""
#include <algorithm>
#include <functional>
#include <vector>
static int *nothing;
__attribute__((noinline)) int apply(const std::function<int(int)> &f, int x) { int r = f(x); return r + 1; }
int main(int argc, char **argv) {
    std::vector<int> v(8, argc);
    int all = 0;
    std::for_each(v.begin(), v.end(), [&](int x) { all += apply([&](int y) { return *(volatile int *)nothing + y + all; }, x); });
    return all;
}
""",
    "virtual": r"""
struct Base { virtual ~Base() {} virtual int go(int) = 0; int twice(int x) { int r = go(x); return r * 2; } };
struct Derived : Base { int *p = nullptr; int go(int x) override { return *(volatile int *)p + x; } bool operator<(const Derived &o) const { return p < o.p; } };
__attribute__((noinline)) int use(Base &b, int x) { int r = b.twice(x); return r + 1; }
int main(int argc, char **argv) { Derived d; int r = use(d, argc); return r + argc; }
""",
    "operators": r"""
struct Value { volatile int *p; };
__attribute__((noinline)) bool operator<(const Value &a, const Value &b) { return *a.p < *b.p; }
struct Call { __attribute__((noinline)) bool operator()(const Value &a) const { bool r = a < a; return !r; } };
struct Number { Value v; __attribute__((noinline)) operator bool() const { bool r = Call()(v); return !r; } };
int main(int argc, char **argv) { Number n{{nullptr}}; if (n) argc++; return argc; }
""",
}

FLAGS = {
    "c": ["gcc -O0 -g", "gcc -O2 -g", "gcc -O2 -gdwarf-4", "gcc -O2 -g -fomit-frame-pointer -no-pie",
          "clang -O2 -g", "clang -O0 -gdwarf-4"],
    "cpp": ["g++ -O0 -g", "g++ -O2 -g", "g++ -O2 -gdwarf-4", "clang++ -O2 -g"],
}
CASES = [(name, "c", text, flags) for name, text in C_PROGRAMS.items() for flags in FLAGS["c"]]
CASES += [(name, "cpp", text, flags) for name, text in CXX_PROGRAMS.items()
          for flags in FLAGS["cpp"]]


def cleaned(name: str | None) -> str | None:
    """A function's name with nothing that gdb and we write differently."""
    if name is None:
        return None
    name = name.removeprefix("__GI_")  # glibc's alias for itself
    name = re.sub(r"<lambda\([^()]*\)>", "lambda", name)
    name = re.sub(r"\{lambda\([^()]*\)#\d+\}", "lambda", name)
    name = name.replace("lambda::operator()", "lambda").replace("(anonymous namespace)", "anonymous")
    name = name.replace("operator()", "operator_call").replace("operator<", "operator_less")
    while re.search(r"<[^<>]*>", name):
        name = re.sub(r"<[^<>]*>", "", name)
    while re.search(r"\([^()]*\)", name):
        name = re.sub(r"\([^()]*\)", "", name)
    name = name.removesuffix(" const").rpartition(" ")[2]
    # gdb gives a lambda no name of its own.
    if name.rpartition("::")[2] in ("lambda", "operator_call"):
        return "call"
    return re.sub(r"(\.(cold|isra\.\d+|constprop\.\d+|part\.\d+))+$", "", name)


def gdb_stack(program: Path, directory: Path) -> list[tuple]:
    script = directory / "frames.py"
    script.write_text(GDB_SCRIPT)
    # From a core file: in a live process gdb hides the inlined functions that begin at the pc.
    core = directory / "core"
    commands = ["set debuginfod enabled off", "handle SIGUSR1 nostop noprint pass", "run",
                f"generate-core-file {core}", "kill", f"core-file {core}",
                "set backtrace past-main on", "set backtrace past-entry on", f"source {script}"]
    output = subprocess.run(
        ["gdb", "-nx", "-batch", *(word for command in commands for word in ("-ex", command)),
         str(program)], capture_output=True, text=True, timeout=120).stdout
    frames = [json.loads(line[6:]) for line in output.splitlines() if line.startswith("FRAME ")]
    assert frames, output
    return [("<signal>",) if frame["signal"] else
            (cleaned(frame["function"]), os.path.basename(frame["file"] or ""), frame["line"],
             frame["inlined"]) for frame in frames]


def our_stack(program: Path, directory: Path) -> tuple[list[tuple], list[dict], str]:
    drop = directory / "drop"
    drop.mkdir()
    subprocess.run([str(program)], capture_output=True, timeout=60,
                   env={"PATH": os.environ["PATH"], "LD_PRELOAD": str(HOOK),
                        "CRASHD_RUN_ID": uuid.uuid4().hex, "CRASHD_DROP_DIR": str(drop)})
    snapshots = list(drop.iterdir())
    assert len(snapshots) == 1
    result = subprocess.run([str(WALK_DUMP), str(snapshots[0])], check=True, capture_output=True,
                            text=True, timeout=60)
    frames = [json.loads(line) for line in result.stdout.splitlines()]
    return [("<signal>",) if frame["trampoline"] else
            (cleaned(frame["function"]), os.path.basename(frame["path"] or ""), frame["line"],
             frame["inlined"]) for frame in frames], frames, result.stderr


@pytest.mark.parametrize("name,suffix,text,flags", CASES,
                         ids=[f"{name}-{flags.replace(' ', '')}" for name, _, _, flags in CASES])
def test_equal_to_gdb(name: str, suffix: str, text: str, flags: str, tmp_path: Path) -> None:
    for tool in ("gdb", flags.split()[0]):
        if not shutil.which(tool):
            pytest.skip(f"no {tool}")
    source = tmp_path / f"{name}.{suffix}"
    source.write_text(text)
    program = tmp_path / name
    subprocess.run([*flags.split(), "-o", str(program), str(source), "-pthread"], check=True)
    theirs = gdb_stack(program, tmp_path)
    ours, frames, ended = our_stack(program, tmp_path)
    shown = "\n".join(map(str, ours)) + "\n--- gdb\n" + "\n".join(map(str, theirs)) + f"\n{ended}"
    if name == "overflow":
        # gdb has all of the stack, a snapshot its two ends.
        assert ours[:50] == theirs[:50], shown[:3000]
        assert [frame["after_gap"] for frame in frames].count(True) == 1
        assert ours[-5:] == theirs[-5:], shown[-3000:]
    else:
        assert ours == theirs, shown
    assert ended.startswith("complete 1")
    assert not any(frame["trust"] == "scan" for frame in frames if name != "overflow"), shown


NO_CFI = r"""
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int *nothing;
__attribute__((noinline)) int leaf(volatile int *p) { return *p + 1; }
__attribute__((noinline)) int deeper(int *p) { char b[100]; memset(b, (int)(long)p, 100); int r = leaf(p); return r + b[3]; }
static int compare(const void *a, const void *b) { int r = deeper(nothing); return r + *(const int *)a; }
__attribute__((noinline)) int middle(int n) { int v[8] = {3, 1, 2, 5, 4, 7, 6, 0}; qsort(v, 8, sizeof(int), compare); return v[n]; }
void handler(int s) { int r = middle(s & 3); nothing = (int *)(long)r; }
__attribute__((noinline)) int dispatch(int n) { int r = middle(n); return r + 1; }
int main(int argc, char **argv) {
    int r;
    unlink(DELETED);
    if (SIGNAL) { signal(SIGUSR1, handler); raise(SIGUSR1); r = 1; } else { r = dispatch(argc); }
    return r + 1;
}
"""
NONE = "-fno-asynchronous-unwind-tables -fno-unwind-tables -fno-optimize-sibling-calls"


@pytest.mark.parametrize("signal", (0, 1))
@pytest.mark.parametrize("flags,scanned,deleted", [
    ("-O2 -g -Wl,--no-eh-frame-hdr", False, False),
    (f"-O2 -g {NONE}", False, False),  # .debug_frame
    (f"-O2 {NONE}", False, False),
    (f"-O1 -fno-omit-frame-pointer {NONE}", False, False),
    (f"-O2 -fcf-protection=full {NONE}", False, False),
    ("-O2 -rdynamic", False, True),
])
def test_other_unwind_information(flags: str, scanned: bool, deleted: bool, signal: int,
                                  tmp_path: Path) -> None:
    source = tmp_path / "program.c"
    source.write_text(NO_CFI)
    program = tmp_path / "program"
    subprocess.run(["gcc", *flags.split(), f"-DSIGNAL={signal}",
                    "-DDELETED=" + ("argv[0]" if deleted else '"/nonexistent"'), "-o", str(program),
                    str(source)], check=True)
    ours, frames, ended = our_stack(program, tmp_path)
    chain = ["leaf", "deeper", "compare", "qsort", "middle"]
    chain += ["handler", "<signal>", "raise", "main"] if signal else ["dispatch", "main"]
    chain += ["__libc_start_call_main"]
    if deleted:
        chain.remove("compare")  # static: in no dynamic symbol table
    found = [name[0] for name in ours]
    for name in chain:
        while found and name not in (found[0] or ""):
            found.pop(0)
        assert found, (name, ours, ended)
    assert ended.startswith("complete 1")
    assert scanned == any(frame["trust"] == "scan" for frame in frames), frames


VERSIONED = r"""
static int *volatile nothing;
__attribute__((noinline)) static int work(int x) { return *nothing + x; }
int entry_new(int x) { nothing = 0; return work(x + 1); }
#ifdef DIFFER
int entry_old(int x) { nothing = 0; return work(x + 2); }
#else
int entry_old(int x) __attribute__((alias("entry_new")));
#endif
__asm__(".symver entry_new, entry@@V2\n.symver entry_old, entry@V1");
"""
VERSIONS = "V1 { global: entry; local: *; };\nV2 { global: entry; } V1;\n"


@pytest.mark.parametrize("flag,chain", [
    ("-DSAME", ["work", "entry_new", "main"]),
    # What the program was linked to, no name tells: none is claimed.
    ("-DDIFFER", ["work", "main"]),
])
def test_tail_calls_of_versioned_functions(flag: str, chain: list[str], tmp_path: Path) -> None:
    (tmp_path / "library.c").write_text(VERSIONED)
    (tmp_path / "versions").write_text(VERSIONS)
    (tmp_path / "main.c").write_text(
        "int entry(int);\nint main(int argc, char **argv) { int r = entry(argc); return r + 1; }\n")
    library = tmp_path / "libversioned.so"
    subprocess.run(["gcc", "-O2", "-g", "-shared", "-fPIC", flag, "-o", library,
                    tmp_path / "library.c", f"-Wl,--version-script={tmp_path / 'versions'}"],
                   check=True)
    subprocess.run(["gcc", "-O2", "-g", "-o", tmp_path / "main", tmp_path / "main.c", library],
                   check=True)
    ours, frames, _ = our_stack(tmp_path / "main", tmp_path)
    assert [frame[0] for frame in ours[:len(chain)]] == chain
    assert [frame["tail_call"] for frame in frames[:len(chain)]] == [
        name == "entry_new" for name in chain]
