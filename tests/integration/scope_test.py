# SPDX-License-Identifier: MIT
"""crashhook.h: what a program says about itself is in its report, however it is built, and does
nothing where nobody listens."""
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

HERE = pathlib.Path(__file__).resolve().parent
HEADER = harness.REPOSITORY / "libcrashhook"
PROGRAMS = HERE / "scope_programs.c"
STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-isystem/usr/include"]


def compile_with(compiler, source, target, *flags):
    subprocess.run([compiler, "-g", f"-I{HEADER}", *flags, source, "-o", target], check=True)
    return target


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    page = (harness.REPOSITORY / "docs" / "crashhook.md").read_text()
    source = tmp_path_factory.mktemp("example") / "orderd.c"
    source.write_text(re.search(r"```c\n(.*?)```", page, re.S)[1])
    return source


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    return compile_with("gcc", PROGRAMS, tmp_path_factory.mktemp("scope") / "programs", "-pthread")


def check_example(event, marker="orderd@2.8.1"):
    assert event["release"] == marker and event["environment"] == "staging"
    assert event["contexts"]["crash"]["release_source"] == "crashhook.h"
    assert event["tags"]["region"] == "eu-1"
    assert event["user"]["id"] == "c-1007"
    assert event["contexts"]["order"] == {"lines": "2"}
    assert event["fingerprint"][0] == "native-crash" and event["fingerprint"][-1] == "orders"
    assert "total" in event["fingerprint"]
    first, second = event["breadcrumbs"]["values"]
    assert (first["level"], first["category"], first["message"]) == ("info", "app", "started")
    assert (second["level"], second["category"], second["message"]) == ("debug", "db", "query")
    assert second["data"] == {"table": "orders", "rows": "1"}
    assert first["timestamp"] <= second["timestamp"] <= event["timestamp"]


@pytest.mark.parametrize("compiler, flags", [
    *[("gcc", [f"-fuse-ld={linker}", *pie]) for linker in ("bfd", "gold", "lld")
      for pie in ([], ["-no-pie", "-fno-pie"])],
    ("gcc", ["-std=c99", *STRICT]),
    ("gcc", ["-O2", "-flto"]),
    ("gcc", ["-z", "now", "-Wl,--as-needed", "-Wl,--no-undefined"]),
    ("clang", ["-std=c99", *STRICT]),
    ("g++", ["-xc++", "-std=c++98", "-Wall", "-Wextra", "-Werror"]),
    ("clang++", ["-xc++", "-std=c++20", "-Wall", "-Wextra", "-Werror"]),
])
def test_example_of_the_manual(example, tmp_path, compiler, flags):
    program = compile_with(compiler, example, tmp_path / "orderd", *flags)
    libraries = subprocess.run(["objdump", "-p", program], capture_output=True, text=True,
                               check=True).stdout
    assert "libdl" not in libraries and "crashhook" not in libraries
    assert subprocess.run([program], env=harness.environment()).returncode == -11
    run = harness.Run(tmp_path, [program])
    assert run.status == -11
    check_example(run.event)
    for words in ("before that", "app: started", "db: query  table=orders  rows=1",
                  "release orderd@2.8.1 (crashhook.h)", "id=c-1007", "lines=2"):
        assert words in run.stderr, words


def test_static_programs_say_nothing(tmp_path):
    program = compile_with("gcc", PROGRAMS, tmp_path / "static", "-static", "-pthread", "-w")
    run = harness.Run(tmp_path, [program, "there"])
    assert run.status == 4


def test_library_that_is_switched_off(programs, tmp_path):
    assert harness.Run(tmp_path, [programs, "there"]).status == 3
    run = harness.Run(tmp_path, [programs, "there"], env={"CRASHHOOK_DISABLE": "1"})
    assert run.status == 4
    assert subprocess.run([programs, "there"], env=harness.environment()).returncode == 4


def test_bounds(programs, tmp_path):
    run = harness.Run(tmp_path, [programs, "many"])
    assert run.status == -11, run.stderr
    messages = [crumb["message"] for crumb in run.event["breadcrumbs"]["values"]]
    assert messages == [f"number {i}" for i in range(151, 251)]
    tags = {name: value for name, value in run.event["tags"].items() if name.startswith("tag")}
    assert tags.keys() == {f"tag{i}" for i in range(64) if i != 7}
    # 255 bytes are kept, 200 are what Sentry takes.
    assert all(190 < len(value) <= 200 and value.startswith("x" * 190) for value in tags.values())
    assert run.event["user"]["name"] == "ä" * 127
    assert "... 90 earlier ..." in run.stderr and "number 250" in run.stderr


def test_threads_and_handlers_in_the_middle_of_calls(programs, tmp_path):
    run = harness.Run(tmp_path, [programs, "threads"])
    assert run.status == -11
    assert "incomplete" not in run.event["contexts"]["crash"]
    crumbs = run.event["breadcrumbs"]["values"]
    # All but those that were being written when their thread was stopped.
    assert 90 <= len(crumbs) <= 100
    for crumb in crumbs:
        assert crumb["category"] in ("hammer", "signal")
        if crumb["category"] == "hammer":
            assert re.fullmatch(r"([a-z])\1{149,180}", crumb["message"])
            assert crumb.get("data", {}).get("n", crumb["message"]) == crumb["message"]
    assert re.fullmatch(r"([a-z])\1{149,180}", run.event["tags"]["hammer"])


@pytest.mark.parametrize("scene", ["inside", "tag-inside"])
def test_crash_in_a_call(programs, tmp_path, scene):
    run = harness.Run(tmp_path, [programs, scene])
    assert run.status == -11
    assert "incomplete" not in run.event["contexts"]["crash"]
    assert run.event["tags"]["region"] == "eu-1"
    crumbs = run.event.get("breadcrumbs", {"values": []})["values"]
    assert [crumb["category"] for crumb in crumbs] == (["before"] if scene == "inside" else [])
    newest = next(frame for frame in harness.frames(run.event) if frame["in_app"])
    assert newest["function"].startswith("crashhook_") or newest["function"] == "main"


def test_plugin(programs, tmp_path):
    plugin = compile_with("g++", HERE / "scope_plugin.cpp", tmp_path / "plugin.so", "-std=c++98",
                          "-shared", "-fPIC", *STRICT)
    event = harness.Run(tmp_path, [programs, "plugin", plugin]).event
    assert [crumb["category"] for crumb in event["breadcrumbs"]["values"]] == ["plugin"]
    # crashd's own context of that name stays what it is.
    assert event["contexts"]["os"]["name"] == "Linux"
    assert event["contexts"]["os (program)"] == {"color": "blue"}


def test_secrets_are_taken_out(programs, tmp_path):
    run = harness.Run(tmp_path, [programs, "secrets"])
    texts = [path.read_text() for path in run.output.iterdir()] + [run.stderr]
    assert len(texts) == 3 and all("hunter2" not in text for text in texts)
    (crumb,) = run.event["breadcrumbs"]["values"]
    assert crumb["data"]["password"] == "[Filtered]"
    assert run.event["user"]["data"] == {"token": "[Filtered]"}
    assert run.event["contexts"]["login"] == {"api_key": "[Filtered]"}
    assert "[Filtered]" in run.event["fingerprint"][0]
