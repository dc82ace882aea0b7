#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the seeds of the fuzz targets to tests/fuzz/corpus.

    seeds.py [NAME=SNAPSHOT ...]

Snapshots (of `crashctl run --snapshots`) are added to the targets that read some, cut to what fits
into a few KiB: real register values, unwind tables and symbols are beyond what is written here.
"""
import pathlib
import struct
import sys

import msgpack

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
EXE = "/opt/orderd/bin/orderd"
TEXT, LIBC, STACK = 0x555555554000, 0x7F31C0200000, 0x7FFC00001000
PID = 4107
SEGV_MAPERR, SI_KERNEL, SI_TKILL, SI_USER = 1, 0x80, -6, 0
STACK_KIND, CODE_KIND = 1, 4
SECTION = {"header": 1, "process": 2, "signal": 3, "thread": 4, "memory": 5, "module": 6,
           "mapping": 7, "abort": 8, "exception": 9, "sanitizer": 10, "environment": 11,
           "scope": 12, "end": 13, "breadcrumb": 14, "context": 15}


def section(name, **fields):
    """Keys are written k1=..., k2=...: numbers as in snapshot/fields.h."""
    return msgpack.packb([SECTION[name], {int(key[1:]): value for key, value in fields.items()}])


def header(version=1):
    return section("header", k1="crashd-snapshot", k2=version, k3="libcrashhook 0.1.0",
                   k4="x86_64", k5=1795357812482913000, k6=18900000000000, k7=4096, k8=False)


def process(**more):
    return section("process", k1=PID, k2=1, k3=1000, k4=1000, k5=1000, k6=1000, k7=EXE,
                   k8="orderd", k9=["orderd", "--password", "x", "--fast"], k10="/srv", k11=12345,
                   k12=False, k13=1, k14=0, k15="glibc 2.36", k16=2, **more)


def registers(rip, rsp=STACK, rbp=STACK + 0x40):
    values = [0x1000 + n for n in range(20)]
    values[6], values[7], values[16], values[17] = rbp, rsp, rip, 0x10246
    return values


def thread(rip=TEXT + 0x1136, tid=PID, crashed=True, rsp=STACK, name="worker-3"):
    fields = {"k1": tid, "k2": name, "k3": crashed, "k5": registers(rip, rsp), "k9": STACK + 0x21000}
    if not crashed:
        fields |= {"k4": "S", "k6": 1 << 7 | 1 << 16, "k8": 202}
    return section("thread", **fields)


def stack(words, address=STACK, tid=PID):
    return section("memory", k1=address, k2=STACK_KIND, k3=tid,
                   k4=struct.pack(f"<{len(words)}Q", *words))


def chain():
    """Three frames by frame pointers, then words that look like return addresses."""
    words = [0] * 48
    words[8], words[9] = STACK + 0x80, TEXT + 0x1200
    words[16], words[17] = STACK + 0xC0, TEXT + 0x1300
    words[24], words[25] = 0, LIBC + 0x2718A
    words[30], words[33] = TEXT + 0x1210, LIBC + 0x89134
    return stack(words)


def code(bytes_, address=TEXT + 0x1136):
    return section("memory", k1=address - 32, k2=CODE_KIND, k4=b"\x90" * 32 + bytes_.ljust(32, b"\x90"))


def modules():
    return b"".join([
        section("module", k1=EXE + " (deleted)", k2=TEXT, k3=TEXT + 0x4000, k4=bytes(range(20)),
                k5=TEXT, k6=8 << 32 | 1, k7=77, k8=1, k9='{"type":"deb","name":"orderd"}'),
        section("module", k1="/usr/lib/x86_64-linux-gnu/libc.so.6", k2=LIBC, k3=LIBC + 0x1D5000,
                k4=b"\x1c" * 20, k5=LIBC, k6=8 << 32 | 1, k7=78, k8=0),
        section("module", k1="[vdso]", k2=0x7FFC00030000, k3=0x7FFC00031000, k5=0x7FFC00030000),
    ])


def mappings():
    rows = [
        (TEXT, TEXT + 0x1000, 1, 0, EXE), (TEXT + 0x1000, TEXT + 0x2000, 5, 0x1000, EXE),
        (TEXT + 0x3000, TEXT + 0x4000, 3, 0x2000, EXE), (TEXT + 0x8000, TEXT + 0x29000, 3, 0, "[heap]"),
        (LIBC, LIBC + 0x28000, 1, 0, "/usr/lib/x86_64-linux-gnu/libc.so.6"),
        (LIBC + 0x28000, LIBC + 0x1BD000, 5, 0x28000, "/usr/lib/x86_64-linux-gnu/libc.so.6"),
        (STACK - 0x1000, STACK, 0, 0, ""), (STACK, STACK + 0x21000, 3, 0, "[stack]"),
    ]
    return b"".join(section("mapping", k1=a, k2=b, k3=c, k4=d, k5=77, k6=e) for a, b, c, d, e in rows)


def end():
    return section("end", k1=900000, k2=4096, k3=1, k4=0, k5="one thread did not stop")


def fault(number=11, code_=SEGV_MAPERR, address=0x18, trap=14, err=4):
    return section("signal", k1=number, k2=code_, k3=0, k4=address, k7=trap, k8=err, k9=address)


def sent(number, code_=SI_TKILL, pid=PID):
    return section("signal", k1=number, k2=code_, k3=0, k5=pid, k6=1000, k11="kill")


def crash(signal_, *more, instruction=b"\x48\x8b\x40\x18", rip=TEXT + 0x1136):
    return b"".join([header(), process(), signal_, thread(rip), chain(), code(instruction, rip),
                     modules(), *more, thread(tid=PID + 1, crashed=False, rsp=STACK + 0x100),
                     mappings(), end()])


def recursion():
    words = [word for _ in range(200) for word in (STACK, TEXT + 0x1136)]
    words[0::2] = [STACK + 16 * (n + 1) for n in range(200)]
    return b"".join([header(), process(), fault(address=STACK - 8, err=6),
                     thread(TEXT + 0x1136), stack(words), code(b"\x55\xe8\0\0\0\0"), modules(),
                     mappings(), end()])


def snapshots():
    whole = crash(
        fault(),
        section("abort", k1="double free or corruption (out)"),
        section("exception", k1="St13runtime_error", k2="no such order", k3=False, k4=1),
        section("sanitizer", k1="AddressSanitizer", k2="heap-use-after-free", k3="==1==ERROR: ..."),
        section("environment", k1={"LANG": "C.UTF-8", "SENTRY_DSN": "https://k@h/1"}),
        section("scope", k1="orderd@2.8.1", k2="ci", k3={"shop": "eu"}, k4={"id": "7"}, k5=["a", "b"]),
        section("context", k1="order", k2={"lines": "2"}),
        section("breadcrumb", k1=1795357812000000000, k2="info", k3="db", k4="query", k5={"rows": "1"}),
        section("breadcrumb", k1=0, k2="loud", k4="password=x"))
    return {
        "whole": whole,
        "cut": whole[:len(whole) * 2 // 3],
        "header_only": header(),
        "newer": header(2),
        "wild_pointer": crash(fault(code_=SI_KERNEL, address=0, trap=13, err=0)),
        "write_constant": crash(fault(code_=2, address=TEXT + 0x800, err=7), instruction=b"\xc6\x00\x01"),
        "null_call": crash(fault(address=0, err=20), rip=0),
        "jump_to_data": crash(fault(code_=2, address=TEXT + 0x8010, err=21), rip=TEXT + 0x8010),
        "division": crash(fault(8, 1, TEXT + 0x1136, 0, 0), instruction=b"\xf7\xf9"),
        "illegal": crash(fault(4, 2, TEXT + 0x1136, 6, 0), instruction=b"\x0f\x0b"),
        "beyond_file": crash(fault(7, 2, TEXT + 0x3800, 14, 4)),
        "forbidden_call": crash(section("signal", k1=31, k2=1, k3=0, k4=LIBC + 0x30000, k10=101)),
        "overflow": recursion(),
        "abort": crash(sent(6)),
        "assertion": crash(sent(6), section(
            "abort", k1="orderd: src/order.cpp:41: int total(int): Assertion `n > 0' failed.\n")),
        "smashing": crash(sent(6), section("abort", k1="*** stack smashing detected ***: terminated\n")),
        "uncaught": crash(sent(6), section(
            "exception", k1="N4shop5ErrorIiEE", k2="caf\u00e9 4111 1111 1111 1111", k3=True, k4=1)),
        "sent_by": crash(sent(11, SI_USER, 702)),
        "twice": crash(fault(), section("scope", k3={"shop": "eu"}, k5=["a"]),
                       section("scope", k3=None, k4={}, k5=None)),
    }


def shorten(data):
    """What makes a real snapshot interesting, in a few KiB."""
    unpacker = msgpack.Unpacker(unicode_errors="surrogateescape", strict_map_key=False)
    unpacker.feed(data)
    mine = {SECTION["thread"]: 3, SECTION["module"]: 6, SECTION["mapping"]: 12, SECTION["memory"]: 9}
    kept = []
    for number, fields in unpacker:
        mine[number] = mine.get(number, 1) - 1
        if mine[number] < 0 or number == SECTION["environment"]:
            continue
        if number == SECTION["process"]:
            fields = {k: v for k, v in fields.items() if k not in (9, 10)}
        if number == SECTION["memory"]:
            fields[4] = fields[4][:1024]
        kept.append(msgpack.packb([number, fields], unicode_errors="surrogateescape"))
    return b"".join(kept)


DSNS = [
    "https://0123456789abcdef0123456789abcdef@o42.ingest.sentry.io/4501",
    "http://spotlight@127.0.0.1:8969/1", "https://key:secret@[::1]:9000/prefix/more/7",
    "https://key@host", "ftp://key@host/1", "https://@host/1", "https://key@host:99999/1", "",
]
LIMITS = [
    (200, "60::organization"), (429, "\n120"), (429, ""), (429, "\nWed, 21 Oct 2026 07:28:00 GMT"),
    (200, "60:error;session:organization, 2700:attachment:project:quota:ns"),
    (429, "1e300:error:x,-5::y,nan:default:z"), (503, "2.5:unknown:organization\n30"),
]


def write(target, name, data):
    directory = CORPUS / target
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(data)


def main():
    for name, data in snapshots().items():
        write("snapshot", name, data)
        write("report", name, data)
    for argument in sys.argv[1:]:
        name, _, path = argument.partition("=")
        data = shorten(pathlib.Path(path).read_bytes())
        write("snapshot", name, data)
        write("report", name, data)
    for number, text in enumerate(DSNS):
        write("dsn", f"{number}", text.encode())
    for number, (status, text) in enumerate(LIMITS):
        write("ratelimit", f"{number}", struct.pack(">H", status) + text.encode())


if __name__ == "__main__":
    main()
