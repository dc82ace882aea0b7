# SPDX-License-Identifier: MIT
"""Names of functions where there is no debug information: by ELF symbols, and never by one that does
not say it."""
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

ASM = """
    .text
    .globl {name}
    .type {name}, @function
{name}:
    push %rbp
    mov %rsp, %rbp
{body}
    .size {name}, .-{name}
{after}
"""
DIE = "    movl $0, 0\n    pop %rbp\n    ret\n"


def build(directory, assembly, *flags, call="cut", before=""):
    (directory / "part.s").write_text(assembly + '    .section .note.GNU-stack,"",@progbits\n')
    (directory / "victim.c").write_text(
        f"void {call}(void);\n{before}\nint main(void) {{ {call}(); return 1; }}\n")
    program = directory / "victim"
    subprocess.run(["gcc", "-O1", "-fno-optimize-sibling-calls", *flags, "-o", program,
                    directory / "victim.c", directory / "part.s"], check=True)
    return program


def names(tmp_path, program):
    """function and raw_function of the newest frame, function of its caller."""
    frames = harness.frames(harness.Run(tmp_path, [program]).event)
    return frames[0].get("function"), frames[0].get("raw_function"), frames[1].get("function")


def test_inside(tmp_path):
    program = build(tmp_path, ASM.format(name="cut", body=DIE, after=""))
    assert names(tmp_path, program) == ("cut", None, "main")


def test_behind_the_end(tmp_path):
    """As the disassembly shows it: the symbol and how far behind its start."""
    program = build(tmp_path, ASM.format(name="cut", body="    nop\n", after=DIE))
    function, _, caller = names(tmp_path, program)
    assert (function, caller) == ("cut+0x5", "main")


def test_far_behind_the_end(tmp_path):
    body = "    jmp 1f\n"
    program = build(tmp_path, ASM.format(name="cut", body=body, after=f"    .skip 5000\n1:\n{DIE}"))
    assert names(tmp_path, program)[0] is None


def test_between_exported_symbols(tmp_path):
    """What is not exported lies there, nameless."""
    program = build(tmp_path, ASM.format(name="cut", body="    nop\n", after=DIE), "-rdynamic", "-s")
    assert names(tmp_path, program)[0] is None


def test_mangled_and_behind_the_end(tmp_path):
    program = build(tmp_path, ASM.format(name="_ZN1A3cutEi", body="    nop\n", after=DIE),
                    call="_ZN1A3cutEi")
    assert names(tmp_path, program)[:2] == ("A::cut+0x5", "A::cut(int)+0x5")


@pytest.mark.parametrize("bindings,expected", [
    ("    .globl b_global\n    .weak a_weak\nb_global:\na_weak:\nz_local:\n", "b_global"),
    ("    .weak a_weak\na_weak:\nz_local:\n", "a_weak"),
    (".globl __libc_thing\n.globl thing\n__libc_thing:\nthing:\n", "thing"),
])
def test_several_names(tmp_path, bindings, expected):
    labels = [line.rstrip(":") for line in bindings.splitlines() if line.endswith(":")]
    sizes = "".join(f"    .type {label}, @function\n    .size {label}, end-{label}\n"
                    for label in labels)
    assembly = (f"    .text\n{bindings}    push %rbp\n    mov %rsp, %rbp\n{DIE}end:\n{sizes}")
    program = build(tmp_path, assembly, call=expected)
    assert names(tmp_path, program)[0] == expected


def test_a_function_in_another(tmp_path):
    """The one that covers the address, not the last label in front of it."""
    body = ("    nop\n    .type inner, @function\ninner:\n    nop\n    .size inner, .-inner\n"
            ".Llabel:\nplain:\n" + DIE)
    program = build(tmp_path, ASM.format(name="cut", body=body, after=""))
    assert names(tmp_path, program)[0] == "cut"


def test_data_has_no_code(tmp_path):
    body = "    jmp 1f\n"
    after = ("    .type table, @object\n    .globl table\ntable:\n    .skip 16\n1:\n" + DIE +
             "    .size table, .-table\n")
    program = build(tmp_path, ASM.format(name="cut", body=body, after=after))
    assert names(tmp_path, program)[0].startswith("cut+0x")


def test_a_label_ends_with_its_section(tmp_path):
    assembly = ("    .text\n    .globl cut\ncut:\n    push %rbp\n    mov %rsp, %rbp\n    jmp 1f\n"
                '    .section other, "ax"\n    nop\n1:\n' + DIE)
    program = build(tmp_path, assembly)
    assert names(tmp_path, program)[0] is None


def test_version(tmp_path):
    (tmp_path / "library.c").write_text(
        'void old(int *p) { *p = 1; }\n__asm__(".symver old, cut@@VERSION_1");\n')
    (tmp_path / "map").write_text("VERSION_1 { global: cut; local: *; };\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-s", f"-Wl,--version-script={tmp_path}/map", "-o",
                    tmp_path / "library.so", tmp_path / "library.c"], check=True)
    (tmp_path / "victim.c").write_text("void cut(int *); int main(void) { cut(0); return 1; }\n")
    subprocess.run(["gcc", "-o", tmp_path / "victim", tmp_path / "victim.c",
                    tmp_path / "library.so"], check=True)
    assert names(tmp_path, tmp_path / "victim") == ("cut", None, "main")


PLT = r"""
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
/* The next jump through the table faults where it reads its slot. */
static void protect(uintptr_t slot) {
    long result;
    __asm__ volatile("syscall" : "=a"(result)
                     : "a"(SYS_mprotect), "D"(slot & ~4095L), "S"(4096L), "d"(0L)
                     : "rcx", "r11", "memory");
}
int main(int argc, char **argv) {
    const unsigned char *entry = (const unsigned char *)strlen; /* what is canonical without PIC */
    int32_t offset;
    if (entry[0] == 0xf3)
        entry += 4;
    if (entry[0] == 0xf2)
        entry++;
    memcpy(&offset, entry + 2, sizeof offset);
    protect((uintptr_t)entry + 6 + (intptr_t)offset);
    return (int)strlen(argv[0]);
}
"""


@pytest.mark.parametrize("flags", [
    ["-Wl,-z,lazy"],
    ["-fcf-protection", "-Wl,-z,lazy,-z,ibtplt"],
    ["-Wl,-z,lazy", "-s"],
    ["-fuse-ld=lld", "-Wl,-z,lazy"],
], ids=["lazy", "ibt", "stripped", "lld"])
def test_linkage_table(tmp_path, flags):
    (tmp_path / "victim.c").write_text(PLT)
    compiler = "clang" if "lld" in flags[0] else "gcc"
    subprocess.run([compiler, "-O1", "-fno-builtin", "-fno-pic", "-no-pie", "-Wl,-z,norelro",
                    *flags, "-o", tmp_path / "victim", tmp_path / "victim.c"], check=True)
    function, _, caller = names(tmp_path, tmp_path / "victim")
    assert function == "strlen@plt"
    assert caller == (None if "-s" in flags else "main")
