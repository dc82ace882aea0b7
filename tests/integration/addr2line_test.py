# SPDX-License-Identifier: MIT
"""`crashctl symbolize -e` against binutils' addr2line, address by address."""

import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import address_programs
import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CRASHD_BUILD", ROOT / "build"))
COMMAND = os.environ.get("CRASHD_SYMBOLIZE", f"{BUILD}/crashctl/crashctl symbolize").split()
ADDRESSES = 400

C_SOURCE = address_programs.C_SOURCE + address_programs.MAIN_SOURCE
CXX_SOURCE = address_programs.CXX_SOURCE + address_programs.MAIN_SOURCE.replace(
    "int entry", 'extern "C" int entry')

VARIANTS = {
    "c-O0": ("gcc", "-O0 -g", C_SOURCE),
    "c-O2": ("gcc", "-O2 -g", C_SOURCE),
    "c-O2-dwarf3": ("gcc", "-O2 -gdwarf-3", C_SOURCE),
    "c-O2-dwarf4": ("gcc", "-O2 -gdwarf-4", C_SOURCE),
    "c-O2-nopie": ("gcc", "-O2 -g -no-pie", C_SOURCE),
    "c-O2-lto": ("gcc", "-O2 -g -flto", C_SOURCE),
    "c-O2-compressed": ("gcc", "-O2 -g -gz", C_SOURCE),
    "c-nodebug": ("gcc", "-O2", C_SOURCE),
    "c-stripped": ("gcc", "-O2 -s", C_SOURCE),
    "c-clang-O0": ("clang", "-O0 -g", C_SOURCE),
    "c-clang-dwarf4": ("clang", "-O2 -gdwarf-4", C_SOURCE),
    "cxx-O0": ("g++", "-O0 -g -std=c++17", CXX_SOURCE),
    "cxx-O2": ("g++", "-O2 -g -std=c++17", CXX_SOURCE),
    "cxx-O2-dwarf4": ("g++", "-O2 -gdwarf-4 -std=c++17", CXX_SOURCE),
    "cxx-O3-sections": ("g++", "-O3 -g -std=c++17 -ffunction-sections -Wl,--gc-sections", CXX_SOURCE),
    "cxx-nodebug": ("g++", "-O2 -std=c++17", CXX_SOURCE),
    "cxx-clang-O0": ("clang++", "-O0 -g -std=c++17", CXX_SOURCE),
    "cxx-clang-dwarf4": ("clang++", "-O2 -gdwarf-4 -std=c++17", CXX_SOURCE),
}


def code_addresses(program: Path, seed: int) -> list[str]:
    """Addresses in functions of .text, and a few of other sections and of none."""
    chosen = random.Random(seed)
    sections = subprocess.run(["readelf", "-SW", str(program)], check=True, capture_output=True,
                              text=True).stdout
    found = []
    for line in sections.splitlines():
        words = line.replace("[ ", "[").split()
        if len(words) > 5 and words[1] in (".text", ".plt", ".init", ".data"):
            start, size = int(words[3], 16), int(words[5], 16)
            count = ADDRESSES if words[1] == ".text" else 5
            found += [start + chosen.randrange(size) for _ in range(count)]
    return [hex(address) for address in found + [0, 1, 0xFFFFFFFFFFFFFFFF]]


def blocks(text: str) -> list[str]:
    return [block for block in text.split("\n0x") if block]


def is_wrong(block: str, program: Path) -> bool:
    """BFD 2.40 takes the wrong entry of DWARF 5 file tables: a line that the file does not have."""
    for place in block.splitlines()[2::2]:
        name, _, line = place.partition(" ")[0].rpartition(":")
        if name.endswith("<artificial>"):
            return True
        if Path(name).parent == program.parent and line.isdigit():
            if int(line) > len(Path(name).read_text().splitlines()):
                return True
    return False


def compare(program: Path, addresses: list[str]) -> tuple[int, int, str]:
    ours = subprocess.run([*COMMAND, "-e", str(program), *addresses], check=True,
                          capture_output=True, text=True).stdout
    theirs = subprocess.run(["addr2line", "-a", "-f", "-i", "-C", "-e", str(program), *addresses],
                            check=True, capture_output=True, text=True).stdout
    pairs = list(zip(blocks(ours), blocks(theirs), strict=True))
    different = [pair for pair in pairs if pair[0] != pair[1]
                 and not is_wrong(pair[1], program)]
    shown = "\n".join(f"--- crashctl\n{a}\n--- addr2line\n{b}" for a, b in different[:5])
    return len(pairs), len(different), shown


@pytest.mark.parametrize("name", VARIANTS)
def test_equal_to_addr2line(name: str, tmp_path: Path) -> None:
    compiler, flags, text = VARIANTS[name]
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler}")
    source = tmp_path / ("program.cpp" if "++" in compiler else "program.c")
    source.write_text(text)
    program = tmp_path / "program"
    subprocess.run([compiler, *flags.split(), "-o", str(program), str(source)], check=True,
                   cwd=tmp_path)
    count, different, shown = compare(program, code_addresses(program, 1))
    assert count >= ADDRESSES
    assert different == 0, shown


@pytest.mark.parametrize("name,compiler,text", [("c", "clang", C_SOURCE),
                                                ("cpp", "clang++", CXX_SOURCE)])
def test_equal_to_llvm(name: str, compiler: str, text: str, tmp_path: Path) -> None:
    """BFD 2.40 misreads the ranges that clang writes for DWARF 5; llvm-symbolizer does not."""
    if not shutil.which(compiler) or not shutil.which("llvm-symbolizer"):
        pytest.skip("no clang or llvm-symbolizer")
    source = tmp_path / f"program.{name}"
    source.write_text(text)
    program = tmp_path / "program"
    subprocess.run([compiler, "-O2", "-g", "-o", str(program), str(source)], check=True)
    addresses = [address for address in code_addresses(program, 2)[:ADDRESSES]]
    ours = subprocess.run([*COMMAND, "-e", str(program), *addresses], check=True,
                          capture_output=True, text=True).stdout
    theirs = subprocess.run(["llvm-symbolizer", "--output-style=GNU", "-a", "-f", "-i", "-C", "-p",
                             "-e", str(program), *addresses], check=True, capture_output=True,
                            text=True).stdout
    lines = [re.findall(r":(\d+|\?)(?: \(discriminator \d+\))?$", block, re.M)
             for block in blocks(ours)]
    expected = [re.findall(r":(\d+)(?::\d+)?(?: \(discriminator \d+\))?$", block, re.M)
                for block in theirs.split("\n0x")]
    different = [(address, a, b) for address, a, b in zip(addresses, lines, expected, strict=True)
                 if [x.replace("?", "0") for x in a] != b and b != ["0"]]
    assert not different, different[:5]


def test_addresses_from_stdin(tmp_path: Path) -> None:
    source = tmp_path / "program.c"
    source.write_text(C_SOURCE)
    program = tmp_path / "program"
    subprocess.run(["gcc", "-O1", "-g", "-o", str(program), str(source)], check=True)
    # More than is read at once; without an end of the last line.
    addresses = "".join(f"{address[2:]}\n" for address in code_addresses(program, 3) * 60)
    assert len(addresses) > 1 << 16
    addresses += "\nzz\n1139"
    ours, theirs = (subprocess.run([*command, "-e", str(program)], input=addresses, check=True,
                                   capture_output=True, text=True).stdout
                    for command in (COMMAND, ["addr2line", "-a", "-f", "-i", "-C"]))
    assert ours == theirs
