# SPDX-License-Identifier: MIT
"""Addresses and what crashctl, addr2line and llvm-symbolizer say of them."""

import json
import os
import pathlib
import random
import subprocess
import sys
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import BUILD, environment  # noqa: E402

SYMBOLIZE = os.environ.get("CRASHD_SYMBOLIZE", f"{BUILD}/crashctl/crashctl symbolize").split()


class Frame(NamedTuple):
    function: str  # demangled as c++filt does; "" if unknown
    file: str
    line: int  # 0 if unknown


def symbols(path):
    """{(address, size, name without a version)} of its functions."""
    found = set()
    output = subprocess.run(["readelf", "-sW", path], check=True, capture_output=True,
                            text=True).stdout
    for line in output.splitlines():
        words = line.split()
        if len(words) > 7 and words[3] in ("FUNC", "IFUNC") and words[6].isdigit():
            size = int(words[2], 0)
            if size > 0:
                found.add((int(words[1], 16), size, words[7].partition("@")[0]))
    return found


def random_addresses(functions, count, seed):
    """Any function is as probable as any other, and so is any byte of it."""
    chosen, functions = random.Random(seed), sorted(functions)
    places = []
    for _ in range(count):
        address, size, _ = chosen.choice(functions)
        places.append(address + chosen.randrange(size))
    return places


def output(command, addresses):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True,
                          text=True, env=environment(DEBUGINFOD_URLS=""),
                          input="".join(f"{address:#x}\n" for address in addresses)).stdout


def parse_place(text):
    name, _, line = text.partition(" (discriminator ")[0].rpartition(":")
    return (os.path.normpath(name) if name not in ("", "??") else "",
            int(line) if line.isdigit() else 0)


def gnu_blocks(text):
    """What follows each address."""
    blocks = []
    for line in text.splitlines():
        if line.startswith("0x"):
            blocks.append([])
        else:
            blocks[-1].append(line)
    return blocks


def gnu_frames(block):
    return [Frame("" if function == "??" else function, *parse_place(place))
            for function, place in zip(block[::2], block[1::2], strict=True)]


def crashctl(path, addresses):
    return gnu_blocks(output([*SYMBOLIZE, "-e", path], addresses))


def addr2line(path, addresses):
    return gnu_blocks(output(["addr2line", "-a", "-f", "-i", "-C", "-e", path], addresses))


def demangled(names):
    """With binutils' demangler, so that only what differs in the name itself differs."""
    names = sorted({name for name in names if name})
    if not names:
        return {"": ""}
    text = subprocess.run(["c++filt", "-i"], input="\n".join(names) + "\n", check=True,
                          capture_output=True, text=True).stdout
    return {"": "", **dict(zip(names, text.splitlines(), strict=True))}


def llvm_symbolizer(path, addresses):
    answers = [json.loads(line) for line in output(
        ["llvm-symbolizer", "--output-style=JSON", "--no-demangle", "-i", "-e", path],
        addresses).splitlines()]
    readable = demangled(s["FunctionName"] for a in answers for s in a.get("Symbol", []))
    return [[Frame(readable[s["FunctionName"]],
                   os.path.normpath(s["FileName"]) if s["FileName"] else "", s["Line"])
             for s in answer.get("Symbol", [])] for answer in answers]
