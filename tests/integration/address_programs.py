# SPDX-License-Identifier: MIT
"""Programs whose addresses are looked up, by every compiler and in every form of debug information
that is around here."""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.append(str(TESTS / "bench"))

import bigprogram  # noqa: E402

C_SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct node {
    struct node *next;
    int key;
};
static inline int square(int x) {
    return x * x + (x > 3 ? 1 : 2);
}
static inline int twice(int x) {
    return square(x) + square(x + 1);
}
static int compare(const void *a, const void *b) {
    return twice(*(const int *)a) - twice(*(const int *)b);
}
__attribute__((noinline)) static int walk(const struct node *n, int k) {
    int sum = 0;
    for (; n && n->key != k; n = n->next)
        sum += n->key ? twice(n->key) : 0;
    if (__builtin_expect(sum == 4711, 0)) {
        fprintf(stderr, "%d after %p\n", sum, (void *)n);
        abort();
    }
    return sum;
}
__attribute__((cold, noinline)) void never(const char *text) {
    fprintf(stderr, "%s\n", text);
    exit(3);
}
__attribute__((noinline)) int checked(const char *text, int n) {
    int sum = square(n);
    for (const char *p = text; p && *p; p++) {
        if (*p == '%')
            never(text);
        if (*p == '-') {
            never(text + 1);
        }
        sum += twice(*p);
    }
    return sum;
}
#ifndef __clang__
__attribute__((noinline)) int outer(int n) {
    int calls = 0;
    __attribute__((noinline)) int inner(int m) {
        calls += m;
        return m > n ? square(calls) : inner(m + 1) + 1;
    }
    return inner(0) + calls;
}
#else
static int outer(int n) {
    return twice(n);
}
#endif
int entry(int argc, char **argv) {
    int values[64];
    for (int i = 0; i < 64; i++) {
        values[i] = rand() % 1000;
        if (values[i] < 0)
            never(argv[0]);
    }
    qsort(values, 64, sizeof(int), compare);
    struct node a = {0, 1}, b = {&a, 2}, c = {&b, argc};
    switch (argc) {
    case 1:
        return walk(&c, 9);
    case 2:
        return twice(argc) + outer(argc);
    case 3:
        return walk(&b, (int)strlen(argv[1]));
    case 4:
        return checked(argv[1], argc);
    default:
        return square(values[3]);
    }
}
"""
MAIN_SOURCE = "int entry(int, char **);\nint main(int argc, char **argv) {\n" \
              "    return entry(argc, argv);\n}\n"

CXX_SOURCE = r"""
#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>
namespace shop {
template <typename T> struct Box {
    T value;
    template <typename F> auto apply(F f) const { return f(value); }
    bool operator<(const Box &other) const { return value < other.value; }
};
namespace {
int hidden(int x) {
    struct Local {
        int go(int y) { return y * 3 + 1; }
    } local;
    return local.go(x) ^ 5;
}
} // namespace
class Order {
  public:
    explicit Order(std::string name) : name_(std::move(name)) {}
    virtual ~Order() = default;
    int total(const std::vector<Box<int>> &items) const {
        int sum = 0;
        for (const auto &item : items)
            sum += item.apply([this](int v) { return v + (int)name_.size(); });
        if (sum < 0)
            throw std::runtime_error("negative total of " + name_);
        return sum + hidden(sum);
    }
    operator bool() const { return !name_.empty(); }

  private:
    std::string name_;
};
} // namespace shop
extern "C" int plain(int x) {
    return x + 41;
}
extern "C" int entry(int argc, char **argv) {
    std::map<std::string, std::vector<shop::Box<int>>> orders;
    for (int i = 0; i < argc + 10; i++)
        orders[argv[0] + std::to_string(i % 3)].push_back({i * 7 % 5});
    int all = 0;
    std::function<int(int)> add = [&](int v) { return v + argc; };
    for (auto &[name, items] : orders) {
        std::sort(items.begin(), items.end());
        shop::Order order(name);
        try {
            if (order)
                all += add(order.total(items));
        } catch (const std::exception &e) {
            all -= plain(1);
        }
    }
    return all & 127;
}
"""

RUST_SOURCE = r"""
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
mod shop {
    pub trait Priced {
        fn price(&self) -> i64;
        fn twice(&self) -> i64 {
            self.price() * 2
        }
    }
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub struct Item {
        pub name: String,
        pub parts: Vec<i64>,
    }
    impl Priced for Item {
        fn price(&self) -> i64 {
            self.parts.iter().filter(|p| **p > 1).map(|p| p * 3).sum()
        }
    }
    pub enum Order {
        Empty,
        Items(Vec<Item>),
    }
}
use shop::{Item, Order, Priced};
fn describe<T: Display>(values: &[T]) -> String {
    values.iter().map(|v| format!("<{}>", v)).collect::<Vec<_>>().join(",")
}
#[inline(never)]
fn total(order: &Order) -> Result<i64, String> {
    match order {
        Order::Empty => Err("nothing".to_string()),
        Order::Items(items) => Ok(items.iter().map(|i| i.twice()).sum()),
    }
}
#[inline(never)]
fn sorted(names: &mut Vec<Item>) -> BTreeMap<String, Item> {
    names.sort_by(|a, b| b.parts.len().cmp(&a.parts.len()).then(a.cmp(b)));
    names.iter().cloned().map(|i| (i.name.clone(), i)).collect()
}
fn main() {
    let n = std::env::args().count() as i64;
    let mut items: Vec<Item> =
        (0..n + 3).map(|i| Item { name: format!("i{}", i), parts: (0..i).collect() }).collect();
    let map = sorted(&mut items);
    let counts: HashMap<usize, i64> = map.values().map(|i| (i.parts.len(), i.price())).collect();
    println!("{}", describe(&counts.values().collect::<Vec<_>>()));
    match total(&Order::Items(items)) {
        Ok(sum) => println!("{}", sum),
        Err(why) => panic!("{}: {}", why, describe(&[n])),
    }
    if total(&Order::Empty).is_ok() {
        std::process::abort();
    }
}
"""


class Unavailable(Exception):
    """A program that cannot be made here, and why."""


@dataclasses.dataclass
class Program:
    """What is looked up, what the peers are given where they cannot read that (the same code with
    its debug information in a form that they know), and where all its symbols stand."""

    path: pathlib.Path
    addr2line: pathlib.Path
    llvm: pathlib.Path
    symbols: pathlib.Path

    @classmethod
    def of(cls, path, addr2line=None, llvm=None, symbols=None):
        return cls(path, addr2line or path, llvm or path, symbols or path)


def run(directory, *command):
    if not shutil.which(command[0]):
        raise Unavailable(f"no {command[0]}")
    done = subprocess.run([str(word) for word in command], cwd=directory, capture_output=True,
                          text=True)
    if done.returncode != 0:
        raise Unavailable(f"{command[0]} cannot: {(done.stderr or done.stdout).strip()[:500]}")


def compiled(directory, command):
    """C and C++ in two units; the command's compiler says which."""
    compiler, *flags = command.split()
    suffix, text = ("cpp", CXX_SOURCE) if "++" in compiler else ("c", C_SOURCE)
    (directory / f"program.{suffix}").write_text(text)
    (directory / "main.c").write_text(MAIN_SOURCE)
    objects = [flag for flag in flags if not flag.startswith("-Wl,")]
    c_compiler = compiler.replace("clang++", "clang") if "clang" in compiler else "gcc"
    c_flags = [flag for flag in objects if not flag.startswith("-std=")]
    run(directory, compiler, *objects, "-c", "-o", "program.o", f"program.{suffix}")
    run(directory, c_compiler, *c_flags, "-c", "-o", "main.o", "main.c")
    run(directory, compiler, *flags, "-o", "program", "program.o", "main.o")
    return directory / "program"


def plain(command):
    return lambda directory: Program.of(compiled(directory, command))


def rust(flags):
    def build(directory):
        (directory / "program.rs").write_text(RUST_SOURCE)
        compiler = "/usr/bin/rustc" if os.path.exists("/usr/bin/rustc") else "rustc"
        run(directory, compiler, *flags.split(), "-o", "program", "program.rs")
        return Program.of(directory / "program")
    return build


def packaged(path):
    """Of Debian, with its debug file."""
    def build(directory):
        file = pathlib.Path(path)
        if not file.exists():
            raise Unavailable(f"no {path}")
        notes = subprocess.run(["readelf", "-n", path], capture_output=True, text=True).stdout
        build_id = notes.partition("Build ID: ")[2].split()[0]
        debug = pathlib.Path(f"/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug")
        if not debug.exists():
            raise Unavailable(f"no debug file of {path}: its -dbg package is missing")
        return Program.of(file, symbols=debug)
    return build


def generated(directory):
    return Program.of(bigprogram.build(directory, units=2, parts=1, sources=2))


def compressed(form, tool):
    """objcopy's or the linker's work; llvm-symbolizer 14 cannot read zstd, addr2line 2.40 not all
    of zlib-gnu's sections."""
    def build(directory):
        path = compiled(directory, "g++ -O2 -g -std=c++17")
        other = directory / f"program.{form}"
        if tool == "objcopy":
            run(directory, "objcopy", f"--compress-debug-sections={form}", path, other)
        else:
            run(directory, "g++", f"-Wl,--compress-debug-sections={form}", "-o", other, "program.o",
                "main.o")
        return Program.of(other, addr2line=path if form == "zlib-gnu" else None,
                          llvm=path if form == "zstd" else None)
    return build


def kept(directory, command):
    """Compiled with plain debug information, and put aside; what is compiled next in the same
    directory is the same code."""
    return compiled(directory, command).rename(directory / "program.plain")


def split(command, packer=None):
    """-gsplit-dwarf with its .dwo files; with packer: only the .dwp that it makes of them.
    addr2line 2.40 reads neither."""
    def build(directory):
        plain_path = kept(directory, command)
        path = compiled(directory, f"{command} -gsplit-dwarf")
        if packer:
            run(directory, packer, "-e", "program", "-o", "program.dwp")
            for dwo in directory.glob("*.dwo"):
                dwo.unlink()
        return Program.of(path, addr2line=plain_path)
    return build


def type_units(command):
    """addr2line 2.40 does not know those of DWARF 5."""
    def build(directory):
        plain_path = kept(directory, command)
        return Program.of(compiled(directory, f"{command} -fdebug-types-section"),
                          addr2line=plain_path)
    return build


def dwz(directory):
    """What two files have in common moved into a third, which llvm-symbolizer 14 does not read."""
    path = compiled(directory, "g++ -O2 -gdwarf-4 -std=c++17")
    shutil.copy(path, directory / "second")
    shutil.copy(path, directory / "program.plain")
    run(directory, "dwz", "-m", "common.debug", "program", "second")
    return Program.of(path, llvm=directory / "program.plain")


def separate(directory):
    """.gnu_debuglink to a file beside."""
    path = compiled(directory, "g++ -O2 -g -std=c++17")
    run(directory, "objcopy", "--only-keep-debug", "program", "program.debug")
    run(directory, "objcopy", "--strip-debug", "--add-gnu-debuglink=program.debug", "program")
    return Program.of(path)


PROGRAMS = {
    "c": plain("gcc -O2 -g"),
    "c-O0": plain("gcc -O0 -g"),
    "c-O3-dwarf3": plain("gcc -O3 -gdwarf-3"),
    "c-dwarf4": plain("gcc -O2 -gdwarf-4"),
    "c-hot-cold": plain("gcc -O2 -g -freorder-blocks-and-partition"),
    "c-clang": plain("clang -O2 -gdwarf-5"),
    "c-clang-dwarf4": plain("clang -O2 -gdwarf-4"),
    "cxx": plain("g++ -O2 -g -std=c++17"),
    "cxx-O0": plain("g++ -O0 -g -std=c++17"),
    "cxx-dwarf3": plain("g++ -O2 -gdwarf-3 -std=c++17"),
    "cxx-dwarf4": plain("g++ -O2 -gdwarf-4 -std=c++17"),
    "cxx-clang": plain("clang++ -O2 -gdwarf-5 -std=c++17"),
    "cxx-clang-dwarf4": plain("clang++ -O2 -gdwarf-4 -std=c++17"),
    "cxx-sections": plain("g++ -O3 -g -std=c++17 -ffunction-sections -Wl,--gc-sections"),
    "cxx-types": type_units("g++ -O2 -g -std=c++17"),
    "cxx-types-dwarf4": type_units("g++ -O2 -gdwarf-4 -std=c++17"),
    "c-lto": plain("gcc -O2 -g -flto"),
    "cxx-lto": plain("g++ -O2 -g -std=c++17 -flto"),
    "cxx-clang-lto": plain("clang++ -O2 -g -std=c++17 -flto -fuse-ld=lld"),
    "cxx-gz-zlib": plain("g++ -O2 -g -std=c++17 -gz=zlib"),
    "cxx-objcopy-zlib-gnu": compressed("zlib-gnu", "objcopy"),
    "cxx-objcopy-zstd": compressed("zstd", "objcopy"),
    "cxx-ld-zstd": compressed("zstd", "ld"),
    "cxx-separate": separate,
    "cxx-split": split("g++ -O2 -g -std=c++17"),
    "cxx-split-dwarf4": split("g++ -O2 -gdwarf-4 -std=c++17"),
    "cxx-clang-split": split("clang++ -O2 -gdwarf-5 -std=c++17"),
    "cxx-dwp-dwarf4": split("g++ -O2 -gdwarf-4 -std=c++17", "dwp"),
    "cxx-dwp": split("g++ -O2 -g -std=c++17", "llvm-dwp"),
    "cxx-clang-dwp": split("clang++ -O2 -gdwarf-5 -std=c++17", "llvm-dwp"),
    "cxx-dwz": dwz,
    "generated": generated,
    "rust": rust("-g -O"),
    "rust-v0": rust("-g -C opt-level=1 -C symbol-mangling-version=v0"),
    "rust-O0": rust("-g"),
    "libc": packaged("/lib/x86_64-linux-gnu/libc.so.6"),
    "python": packaged("/usr/bin/python3.11"),
}
