# SPDX-License-Identifier: MIT
"""`crashctl symbolize -e` against addr2line and llvm-symbolizer at random addresses of functions:
functions, inlined calls, files, lines.

CRASHD_ADDRESSES: addresses of each program; `make test-addresses` takes 10,000. Where the tools
differ the table below says which is right and why; any other difference is a fault.
"""

import bisect
import concurrent.futures
import os
import shutil

import pytest

import address_tools
from address_programs import PROGRAMS, Unavailable

ADDRESSES = int(os.environ.get("CRASHD_ADDRESSES", "500"))


class Case:
    """One address and what is said of it."""

    def __init__(self, address, names, ours, addr2line, llvm):
        self.address = address
        self.names = names  # demangled, of the symbols that contain the address
        self.text, self.addr2line_text = ours, addr2line
        self.ours = address_tools.gnu_frames(ours)
        self.addr2line = address_tools.gnu_frames(addr2line)
        self.llvm = llvm

    def __str__(self):
        return "\n".join([
            f"--- crashctl {self.address:#x}", *map(str, self.ours),
            "--- addr2line", *(["the same"] if self.text == self.addr2line_text
                               else map(str, self.addr2line)),
            "--- llvm-symbolizer", *(["the same"] if self.llvm == self.ours
                                     else map(str, self.llvm))])


def places(frames):
    return [(frame.file, frame.line) for frame in frames]


def functions(frames):
    return [frame.function for frame in frames]


def first_file(case):
    """BFD 2.40 takes another entry of DWARF 5 file tables for the newest frame's file when that is
    the table's first. crashctl is right: llvm-symbolizer has the same file."""
    return (len(case.ours) == len(case.addr2line)
            and functions(case.ours) == functions(case.addr2line)
            and case.ours[0].line == case.addr2line[0].line
            and places(case.ours)[1:] == places(case.addr2line)[1:]
            and places(case.ours) == places(case.llvm))


def inlined_call_lost(case):
    """BFD 2.40 does not find all ranges that clang writes for DWARF 5 (DW_FORM_rnglistx), and with
    them loses inlined calls. crashctl is right: llvm-symbolizer finds the same ones."""
    left = iter(functions(case.ours))
    return (len(case.addr2line) < len(case.ours)
            and case.addr2line[-1].function == case.ours[-1].function
            and all(name in left for name in functions(case.addr2line))
            and places(case.addr2line)[0] == places(case.ours)[0]
            and places(case.ours) == places(case.llvm))


def symbol_name(case):
    """llvm-symbolizer gives the outermost function the name of its ELF symbol ("f.cold", "[clone
    .isra.0]", one of several aliases), crashctl, like addr2line, the source's. Where there is no
    mangled name in the debug information addr2line shows the symbol's name for the newest frame,
    and so does crashctl."""
    def explained(number, ours, theirs):
        if ours.function == theirs.function:
            return True
        if number == len(case.ours) - 1 and theirs.function in case.names:
            return True
        return number == 0 and ours.function in case.names
    return (places(case.ours) == places(case.llvm)
            and functions(case.ours) == functions(case.addr2line)[-len(case.ours):]
            and all(explained(number, *pair)
                    for number, pair in enumerate(zip(case.ours, case.llvm))))


def no_name(case):
    """Where there is neither a function nor a line in the debug information addr2line and crashctl
    give the symbol's name, llvm-symbolizer none."""
    return (case.text == case.addr2line_text and places(case.ours) == places(case.llvm) == [("", 0)]
            and not case.llvm[0].function and case.ours[0].function in case.names)


EXPLAINED = {"addr2line": (first_file, inlined_call_lost), "llvm": (symbol_name, no_name)}


def judged(case):
    """Names of the classes of its differences; "unexplained" for any other."""
    found = []
    for peer, different in (("addr2line", case.text != case.addr2line_text),
                            ("llvm", case.ours != case.llvm)):
        if different:
            found.append(next((explains.__name__ for explains in EXPLAINED[peer] if explains(case)),
                              f"unexplained: {peer}"))
    return found


def names_at(symbols, addresses):
    """For each address the names of the symbols that contain it."""
    symbols = sorted(symbols)
    readable = address_tools.demangled(name for *_, name in symbols)
    longest = max(size for _, size, _ in symbols)
    starts = [address for address, *_ in symbols]
    for address in addresses:
        near = symbols[bisect.bisect_left(starts, address - longest):
                       bisect.bisect_right(starts, address)]
        yield {readable[name] for start, size, name in near if address < start + size}


@pytest.fixture(scope="session")
def built(request, tmp_path_factory):
    """Programs are made in the background while others are looked at."""
    wanted = [item.callspec.params["name"] for item in request.session.items
              if item.originalname == "test_equal"]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {name: pool.submit(PROGRAMS[name], tmp_path_factory.mktemp(name)) for name in wanted}


@pytest.mark.parametrize("name", PROGRAMS)
def test_equal(name, built):
    if not shutil.which("llvm-symbolizer"):
        pytest.skip("no llvm-symbolizer")
    try:
        program = built[name].result()
    except Unavailable as why:
        pytest.skip(str(why))
    symbols = address_tools.symbols(program.symbols)
    addresses = address_tools.random_addresses(symbols, ADDRESSES, seed=1)
    cases = [Case(*answers) for answers in zip(
        addresses, names_at(symbols | address_tools.symbols(program.path), addresses),
        address_tools.crashctl(program.path, addresses),
        address_tools.addr2line(program.addr2line, addresses),
        address_tools.llvm_symbolizer(program.llvm, addresses), strict=True)]
    found = {}
    for case in cases:
        for explanation in judged(case):
            found.setdefault(explanation, []).append(case)
    print(name, {explanation: len(of) for explanation, of in found.items()})
    faults = [case for explanation, of in found.items() if explanation.startswith("unexplained")
              for case in of]
    shown = "\n\n".join(map(str, faults[:4]))
    assert not faults, f"{len(faults)} of {len(cases)} differ without an explanation:\n{shown}"
    # Debug information was there: names and lines are not compared with nothing.
    assert sum(case.ours[0].line > 0 for case in cases) > len(cases) / 2, found
