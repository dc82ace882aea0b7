# SPDX-License-Identifier: MIT
"""Programs built with a sanitizer: the hook changes nothing of what they do, and what the sanitizer
finds is one event, although it ends them by exit."""
import os
import pathlib
import re
import subprocess
import sys
import uuid

import pytest

from hook_programs import HOOK

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

SOURCE = pathlib.Path(__file__).with_name("sanitizer_faults.c")
MARKERS = {
    match[1]: number
    for number, line in enumerate(SOURCE.read_text().splitlines(), 1)
    if (match := re.search(r"// @([\w]+)$", line))
}
ADDRESS, UNDEFINED = "-fsanitize=address", "-fsanitize=undefined"
THREAD, LEAK, MEMORY = "-fsanitize=thread", "-fsanitize=leak", "-fsanitize=memory"
FATAL = "-fno-sanitize-recover=all"
ASAN, UBSAN, TSAN = "AddressSanitizer", "UndefinedBehaviorSanitizer", "ThreadSanitizer"


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    directory, made = tmp_path_factory.mktemp("sanitizers"), {}

    def build_once(compiler, *flags, source=SOURCE):
        key = (compiler, source, *flags)
        if key not in made:
            program = directory / f"program{len(made)}"
            subprocess.run([compiler, "-g", "-O0", "-pthread", "-fno-builtin", "-w", *flags,
                            source, "-o", program], check=True)
            made[key] = program
        return made[key]

    return build_once


def same_in_all_runs(text):
    """Addresses, pids and what a thread is doing when another one reports differ by themselves."""
    text = re.sub(r"0x[0-9a-f]+", "ADDRESS", text)
    text = re.sub(r"\b(running|finished)\b", "STATE", text)
    return re.sub(r"\d{3,}", "N", text)


def alone(command, env):
    # What the test harness tells crashd's own sanitizers is not for these.
    env = {"ASAN_OPTIONS": "", **env}
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          errors="replace", timeout=60, env=harness.environment(**env))


def hooked(command, env, drop):
    drop.mkdir(exist_ok=True)
    return alone(command, {**env, "LD_PRELOAD": HOOK, "CRASHD_SOCKET": "/nonexistent/socket",
                           "CRASHD_RUN_ID": uuid.uuid4().hex, "CRASHD_DROP_DIR": drop})


def check_undisturbed(command, env, drop, stderr=True):
    """Runs it with and without the hook; how many reports there are now."""
    with_hook, without = hooked(command, env, drop), alone(command, env)
    assert with_hook.returncode == without.returncode, with_hook.stderr
    assert with_hook.stdout == without.stdout
    if stderr:
        assert same_in_all_runs(with_hook.stderr) == same_in_all_runs(without.stderr)
    return len(list(drop.iterdir()))


CASES = [
    # compiler, flags, fault, environment, status, type, marker of the culprit
    *[(compiler, flags, fault, env, status, kind, marker)
      for compiler in ("gcc", "clang")
      for flags, fault, env, status, kind, marker in [
          ([ADDRESS], "use-after-free", {}, 1, f"{ASAN}: heap-use-after-free", "use"),
          ([ADDRESS], "use-after-free", {"ASAN_OPTIONS": "exitcode=99"}, 99,
           f"{ASAN}: heap-use-after-free", "use"),
          ([ADDRESS], "use-after-free", {"ASAN_OPTIONS": "abort_on_error=1"}, -6,
           f"{ASAN}: heap-use-after-free", "use"),
          ([ADDRESS, UNDEFINED, FATAL], "add", {}, 1, f"{UBSAN}: signed-integer-overflow", "add"),
          ([ADDRESS], "null", {}, 1, f"{ASAN}: SEGV", "null"),
          ([ADDRESS], "null", {"ASAN_OPTIONS": "handle_segv=2"}, 1, f"{ASAN}: SEGV", "null"),
          ([ADDRESS], "null", {"ASAN_OPTIONS": "handle_segv=0"}, -11, "SIGSEGV", "null"),
          ([ADDRESS], "own-handler",
           {"ASAN_OPTIONS": "handle_segv=2:allow_user_segv_handler=0"}, 1, f"{ASAN}: SEGV", None),
          ([ADDRESS], "overflow", {}, 1, f"{ASAN}: stack-overflow", None),
          ([ADDRESS], "double-free", {}, 1, f"{ASAN}: bad-free", None),
          ([ADDRESS], "leak", {}, 1, "LeakSanitizer: detected memory leaks", None),
          ([ADDRESS], "leak", {"ASAN_OPTIONS": "exitcode=23"}, 23,
           "LeakSanitizer: detected memory leaks", None),
          ([ADDRESS], "abort", {}, -6, "SIGABRT", None),
          ([ADDRESS], "abort", {"ASAN_OPTIONS": "handle_abort=1"}, 1, f"{ASAN}: ABRT", None),
          ([LEAK], "leak", {}, 23, "LeakSanitizer: detected memory leaks", None),
          ([UNDEFINED, FATAL], "add", {}, 1, f"{UBSAN}: signed-integer-overflow", "add"),
          ([UNDEFINED], "add", {"UBSAN_OPTIONS": "halt_on_error=1"}, 1,
           f"{UBSAN}: signed-integer-overflow", "add"),
          ([THREAD], "race", {}, 66, f"{TSAN}: data race", "race"),
          ([THREAD], "race", {"TSAN_OPTIONS": "halt_on_error=1"}, 66, f"{TSAN}: data race", "race"),
          ([THREAD], "null", {}, 66, f"{TSAN}: SEGV", "null"),
      ]],
    ("clang", [MEMORY], "uninitialized", {}, 1, "MemorySanitizer: use-of-uninitialized-value",
     "uninitialized"),
    ("clang", [UNDEFINED], "null", {}, 1, f"{UBSAN}: SEGV", "null"),
]


@pytest.mark.parametrize("compiler, flags, fault, env, status, kind, marker", CASES)
def test_what_is_found_is_one_event(build, tmp_path, compiler, flags, fault, env, status, kind,
                                    marker):
    if fault == "leak" and "CRASHD_SANITIZED" in os.environ:
        pytest.skip("crashctl's own leaks are not looked for, nor those of what it runs")
    command = [build(compiler, *flags), fault]
    # Which of two threads comes first is chance, and where exactly a stack ends.
    assert check_undisturbed(command, env, tmp_path / "drop", stderr=fault not in ("race", "overflow")) == 1
    run = harness.Run(tmp_path, command, env=env)
    assert run.status == status, run.stderr
    exception = run.event["exception"]["values"][0]
    assert exception["type"] == kind, exception
    if marker:
        newest = next(frame for frame in harness.frames(run.event) if frame["in_app"])
        assert newest["lineno"] == MARKERS[marker] and newest["filename"].endswith(SOURCE.name)
    if kind.startswith("SIG"):
        assert "sanitizer report" not in run.event.get("extra", {})
        return
    assert run.event["tags"]["kind"] == "sanitizer" and "synthetic" not in exception["mechanism"]
    text = run.event["extra"]["sanitizer report"]
    assert text.splitlines()[0] in run.stderr and exception["value"] in text.splitlines()[0]
    if status == -6:
        assert exception["mechanism"]["meta"]["signal"]["number"] == 6
    else:
        assert "meta" not in exception["mechanism"]
        assert f"reported by {kind.split(':')[0]}" in run.stderr


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("flags, fault, env", [
    ([ADDRESS], "", {}),
    ([UNDEFINED], "", {}),
    ([THREAD], "", {}),
    ([LEAK], "", {}),
    ([UNDEFINED], "add", {}),
    ([ADDRESS, "-fsanitize-recover=address"], "use-after-free",
     {"ASAN_OPTIONS": "halt_on_error=0"}),
    ([ADDRESS], "own-handler", {"ASAN_OPTIONS": "handle_segv=1"}),
    ([ADDRESS], "own-handler", {"ASAN_OPTIONS": "handle_segv=0"}),
    ([ADDRESS], "leak", {"ASAN_OPTIONS": "detect_leaks=0"}),
])
def test_what_ends_well_is_not_reported(build, tmp_path, compiler, flags, fault, env):
    command = [build(compiler, *flags), fault]
    assert check_undisturbed(command, env, tmp_path / "drop") == 0
    assert alone(command, env).returncode == (5 if fault == "own-handler" else 0)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_a_death_after_a_race_is_reported_too(build, tmp_path, compiler):
    run = harness.Run(tmp_path, [build(compiler, THREAD), "race-abort"])
    assert run.status == -6
    types = sorted(event["exception"]["values"][0]["type"] for event in run.events)
    assert types == ["SIGABRT", f"{TSAN}: data race"]
    for event in run.events:
        assert ("sanitizer report" in event.get("extra", {})) == ("meta" not in
            event["exception"]["values"][0]["mechanism"])


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_hooks_of_the_program_win(build, tmp_path, compiler):
    own = [build(compiler, ADDRESS, "-DOWN_HOOKS"), "use-after-free"]
    check_undisturbed(own, {}, tmp_path / "hooks")
    assert alone(own, {}).returncode == 42
    callback = [build(compiler, ADDRESS, "-DOWN_CALLBACK"), "use-after-free"]
    assert check_undisturbed(callback, {}, tmp_path / "callback") == 1
    assert "last words" in alone(callback, {}).stdout


FUZZ_TARGET = """
#include <stdint.h>
#include <stdlib.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    volatile int *p = malloc(4);
    free((void *)p);
    if (getenv("FUZZ_ABORT"))
        abort();
    return *p & 0;
}
"""


def test_fuzzers_are_left_alone(build, tmp_path):
    source = tmp_path / "target.c"
    source.write_text(FUZZ_TARGET)
    fuzzer = [build("clang", "-fsanitize=fuzzer,address", source=source), "-runs=1", "-seed=1",
              f"-artifact_prefix={tmp_path}/"]
    for env in ({}, {"FUZZ_ABORT": "1"}):
        assert check_undisturbed(fuzzer, env, tmp_path / "drop", stderr=False) == 0
        assert alone(fuzzer, env).returncode != 0


def test_under_afl_nothing_is_reported(build, tmp_path):
    command = [build("clang", ADDRESS), "use-after-free"]
    env = {"__AFL_SHM_ID": "1", "ASAN_OPTIONS": "abort_on_error=1:symbolize=0"}
    assert check_undisturbed(command, env, tmp_path / "drop") == 0
