# SPDX-License-Identifier: MIT
"""Overflows by cycles of functions: folded for the reader, cut to Sentry's limit in the event."""
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness


def cycle_of(n):
    """f0 calls f1, and so on; f(n-1) calls f0. Frames of different sizes, so that a gap in the
    stack is not a multiple of the cycle."""
    code = "int f0(int);\n"
    for i in reversed(range(n)):
        code += f"""__attribute__((noinline)) int f{i}(int x) {{
    volatile char keep[{40 + 8 * (i % 5)}];
    keep[x & 31] = 1;
    return f{(i + 1) % n}(x + 1) + keep[3];
}}
"""
    code += "__attribute__((noinline)) int down(int n) { return (n ? down(n - 1) : f0(1)) + 1; }\n"
    return code + "int main(void) { return down(20) + 1; }\n"


@pytest.mark.parametrize("flags", ("-O0", "-O1"))
@pytest.mark.parametrize("n", (1, 2, 3, 7, 40))
def test_cycle(n, flags, tmp_path):
    source = tmp_path / "cycle.c"
    source.write_text(cycle_of(n))
    program = harness.compile_program(source, tmp_path / "cycle", flags)
    run = harness.Run(tmp_path, [program])
    text = run.process.stdout + run.process.stderr
    lines = [line.strip() for line in text.splitlines()]
    folds = [line for line in lines if line.startswith("... the same")]
    frames = "1 frame" if n == 1 else f"{n} frames"
    assert re.fullmatch(rf"\.\.\. the same {frames} [\d,]+ more times, and others that were not"
                        r" captured \.\.\.", folds[0]), text
    assert folds[1:] == ["... the same 1 frame 19 more times ..."], text
    # Two cycles are shown, what is left of one where the fold ends, and what came before.
    shown = [re.match(r"#\d+\?? +(\w+)", line) for line in lines]
    names = [match[1] for match in shown if match]
    assert len(names) <= 3 * n + 8 and names[-5:-3] == ["down", "main"], text
    assert len(set(names)) == n + 5
    assert "?" not in text.split("... the same 1 frame")[1].split("release")[0], text

    stack = run.event["exception"]["values"][0]["stacktrace"]["frames"]
    assert len(stack) == 250
    # Sentry's order: oldest first.
    assert [frame["function"] for frame in stack[3:6]] == ["main", "down", "down"]
    left_out = run.event["extra"]["frames left out"]
    numbers = [int(line[1:].split()[0].rstrip("?")) for line in lines if re.match(r"#\d", line)]
    assert left_out == numbers[-1] + 1 - 250


LEVELS = """
template <int N> __attribute__((noinline)) int level(volatile int *p) {
    int r = level<N - 1>(p);
    return r + N;
}
template <> __attribute__((noinline)) int level<0>(volatile int *p) { return *p; }
int main(int argc, char **argv) { return level<9>(argc > 8 ? &argc : nullptr) + 1; }
"""


def test_functions_of_one_template_are_not_folded(tmp_path):
    source = tmp_path / "levels.cpp"
    source.write_text(LEVELS)
    run = harness.Run(tmp_path, [harness.compile_program(source, tmp_path / "levels", "-O1")])
    text = run.process.stdout + run.process.stderr
    assert "the same" not in text
    for i in range(10):
        assert f"level<{i}>" in text
