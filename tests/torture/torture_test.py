# SPDX-License-Identifier: MIT
"""Every program here dies in its own way and tells the truth about it in its first lines; the event
must say the same.

    build:      compiler flags                       status:  exit status; default: by signal
    events:     how many reports; default 1          signal:  default SIGSEGV, or "none"
    kind:       the kind tag                         title:   regular expression for type: value
    chain:      the application's frames, newest first: FUNCTION @MARKER [inlined], and no others;
                @MARKER is the line that ends in "// @MARKER"
    chain-has:  functions in this order, others between them
    leaf:       beginning of the newest frame's function, whoever's it is
    threads:    how many                             thread:  name of the crashed one
    stackless:  how many of them have only the reason why there is no stack
    stderr:     what the program itself prints
    library:    compiler flags of a shared library that is made of the same source with -DLIBRARY;
                {library} in build and args is its path
    args:       of the program
    needs:      "root": skipped for others
    environment: variables of the program
    handled:    "true": its own handler ended it
"""
import os
import pathlib
import re
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = sorted([*HERE.glob("*.c"), *HERE.glob("*.cpp")])


def truth_of(source):
    lines = source.read_text().splitlines()
    truth = {"status": None, "events": "1", "signal": "SIGSEGV", "build": ""}
    for line in lines:
        match = re.match(r"// ([a-z-]+): (.*)", line)
        if not match:
            break
        truth[match[1]] = match[2]
    truth["lines"] = {
        match[1]: number
        for number, line in enumerate(lines, 1)
        if (match := re.search(r"// @(\w+)$", line))
    }
    return truth


def expected_chain(truth):
    chain = []
    for part in truth["chain"].split(", "):
        name, marker, *inlined = part.rsplit(" ", 2) if part.endswith("inlined") else part.rsplit(" ", 1)
        chain.append((name, truth["lines"][marker[1:]], bool(inlined)))
    return chain


def actual_chain(event):
    return [
        (f.get("function"), f.get("lineno"), "symbol_addr" not in f)
        for f in harness.frames(event)
        if f["in_app"]
    ]


def build(source, truth, directory):
    library = directory / f"lib{source.stem}.so"
    if "library" in truth:
        harness.compile_program(source, library, "-DLIBRARY", "-shared", "-fPIC",
                                *truth["library"].split())
    flags, arguments = (
        [word.format(library=library) for word in truth.get(key, "").split()]
        for key in ("build", "args")
    )
    return harness.compile_program(source, directory / source.stem, *flags), arguments


@pytest.mark.parametrize("source", PROGRAMS, ids=lambda path: path.stem)
def test_torture(source, tmp_path):
    truth = truth_of(source)
    if truth.get("needs") == "root" and os.geteuid() != 0:
        pytest.skip("needs root")
    program, arguments = build(source, truth, tmp_path)
    variables = dict(word.split("=", 1) for word in truth.get("environment", "").split())
    run = harness.Run(tmp_path, [program, *arguments], env=variables)

    number = None if truth["signal"] == "none" else getattr(signal, truth["signal"])
    wanted = int(truth["status"]) if truth["status"] else -number
    if truth["events"] == "0" and not truth["status"]:
        wanted = 0
    assert run.status == wanted, run.stderr
    assert len(run.events) == int(truth["events"]), run.stderr
    if truth["events"] == "0":
        assert "no crashes" in run.stderr
        return

    event = run.events[0]
    exception = event["exception"]["values"][0]
    meta = exception["mechanism"].get("meta", {})
    assert meta.get("signal", {}).get("number") == number
    assert exception["mechanism"]["handled"] is ("handled" in truth)
    assert event["tags"]["kind"] == truth["kind"], harness.title(event)
    assert re.match(truth["title"], harness.title(event)), harness.title(event)
    if "chain" in truth:
        assert actual_chain(event) == expected_chain(truth), run.stderr
        for frame in harness.frames(event):
            if frame["in_app"]:
                assert os.path.basename(frame["filename"]) == source.name
                assert frame["context_line"].rstrip() in source.read_text()
    if "chain-has" in truth:
        names = [f.get("function") for f in harness.frames(event)]
        rest = iter(names)
        assert all(name in rest for name in truth["chain-has"].split(", ")), names
    if "leaf" in truth:
        assert harness.frames(event)[0]["function"].lstrip("_").startswith(truth["leaf"])
    if "threads" in truth:
        threads = event["threads"]["values"]
        assert len(threads) == int(truth["threads"])
        bare = [t for t in threads if not t["crashed"] and "stacktrace" not in t]
        without = [t for t in bare if not t["state"].startswith("same stack as")]
        assert len(without) == int(truth.get("stackless", "0")), without
        assert all(t["state"].startswith("no stack: ") for t in without), without
    if "thread" in truth:
        assert [t["name"] for t in event["threads"]["values"] if t["crashed"]] == [truth["thread"]]
    if "stderr" in truth:
        assert truth["stderr"] in run.stderr
