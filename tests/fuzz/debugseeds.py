#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the seeds of the targets that read ELF files and debug sections: what gcc and clang make of
a small program. Run it when a compiler's output changes in kind; the seeds are kept in the tree.
"""
import pathlib
import struct
import subprocess
import tempfile

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
SECTIONS = ["info", "abbrev", "str", "line", "line_str", "ranges", "rnglists", "addr", "str_offsets",
            "loc", "loclists", "types"]
SOURCE = """
struct point { int x; long y[3]; const char *name; };
enum color { RED, GREEN };
namespace shapes { template <typename T> inline T area(T a, T b) { return a * b + (a ? b : 1); } }
static inline int twice(volatile int *p) { int q = *p; auto f = [&](int z) { return q + z; }; return f(*p); }
extern "C" int work(struct point *p, enum color c) {
    int sum = 0;
    for (int i = 0; i < p->x; i++) { int part = twice(&p->x); sum += shapes::area(part, i) + c; }
    return sum;
}
extern "C" __attribute__((cold, noinline)) void fail(const char *text) { __builtin_trap(); }
extern "C" void _start() { point p = {3, {1, 2, 3}, "text"}; if (work(&p, GREEN) > 7) fail(p.name); }
"""
VARIANTS = {
    "gcc5": ["g++", "-O2", "-gdwarf-5"],
    "gcc4": ["g++", "-O2", "-gdwarf-4"],
    "gcc3": ["g++", "-O0", "-gdwarf-3", "-gstrict-dwarf"],
    "types": ["g++", "-O1", "-gdwarf-4", "-fdebug-types-section"],
    "types5": ["g++", "-O1", "-gdwarf-5", "-fdebug-types-section"],
    "parts": ["g++", "-O2", "-g", "-ffunction-sections", "-freorder-blocks-and-partition"],
    "clang5": ["clang++", "-O2", "-gdwarf-5"],
    "clang4": ["clang++", "-O2", "-gdwarf-4"],
    "compressed": ["g++", "-O2", "-g", "-gz=zlib"],
    "old_compressed": ["g++", "-O2", "-g", "-gz=zlib-gnu"],
    "no_header": ["g++", "-O2", "-g", "-Wl,--no-eh-frame-hdr"],
    "debug_frame": ["g++", "-O2", "-g", "-fno-asynchronous-unwind-tables"],
}
LINK = ["-nostdlib", "-static", "-fno-exceptions", "-fno-stack-protector", "-Wl,-z,noseparate-code",
        "-Wl,--build-id=none"]


def section(program, name):
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["objcopy", "-O", "binary", "--set-section-flags", f"{name}=alloc",
                        "-j", name, program, out.name], check=True, stderr=subprocess.DEVNULL)
        return pathlib.Path(out.name).read_bytes()


def write(target, name, data):
    (CORPUS / target).mkdir(exist_ok=True)
    (CORPUS / target / name).write_bytes(data)


def main():
    with tempfile.TemporaryDirectory() as directory:
        source = pathlib.Path(directory, "seed.cc")
        source.write_text(SOURCE)
        for name, command in VARIANTS.items():
            program = f"{directory}/{name}"
            subprocess.run([*command, *LINK, "-fdebug-prefix-map=" + directory + "=.", "seed.cc",
                            "-o", program], check=True, cwd=directory)
            write("module", name, pathlib.Path(program).read_bytes())
            if "compressed" in name:
                continue
            parts = [section(program, f".debug_{part}") for part in SECTIONS]
            split = b"\0"
            write("info", name, struct.pack(f"<{len(parts)}H", *map(len, parts)) + split
                  + b"".join(parts))
            strings = parts[SECTIONS.index("line_str")][:255]
            write("lines", name, bytes([len(strings)]) + strings + parts[SECTIONS.index("line")])


main()
