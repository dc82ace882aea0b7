# SPDX-License-Identifier: MIT
"""Whose variables are in report and event, and what of them nobody sees."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness
from daemon_process import Daemon

# The frame of die() is the program's, that of std::function's call the library's.
PROGRAM = r"""
#include <functional>
#include <string>
struct Login { std::string user, password; int access_token; };
static int *volatile nothing;
static int die(const Login &login, int count) {
    const char *api_key = "never-to-be-seen";
    std::string place = "postgres://alice:hidden-word@db/shop", text = "plain text";
    int x = 1;
    for (int i = 0; i < count; i++) {
        int x = 2 + i;
        if (x > 2)
            return *nothing + x + (int)(place.size() + text.size()) + api_key[0] + login.access_token;
    }
    return x;
}
int main() {
    Login login{"alice", "secret-word", 424242};
    std::function<int(int)> call = [&](int count) { return die(login, count); };
    return call(5);
}
"""
SECRETS = ("never-to-be-seen", "hidden-word", "secret-word", "424242")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    directory = tmp_path_factory.mktemp("variables")
    source = directory / "login.cpp"
    source.write_text(PROGRAM)
    return harness.compile_program(source, directory / "login", "-std=c++17")


def variables(event):
    """By function; "found by" says how the frame was found."""
    found = {}
    for frame in harness.frames(event):
        found.setdefault(frame.get("function"), {}).update(
            {name: value for name, value in frame.get("vars", {}).items() if name != "found by"})
    return found


def run(directory, program, *configuration):
    options = ()
    if configuration:
        path = directory / "crashd.conf"
        path.write_text("[crashd]\n" + "\n".join(configuration) + "\n")
        options = ("--config", path)
    result = harness.Run(directory, [program], *options)
    text = next(result.output.glob("*.txt")).read_text()
    return result, text


def test_a_run_shows_those_of_the_program(tmp_path, program):
    result, text = run(tmp_path, program)
    found = variables(result.event)
    own = found["die"]
    assert own["count"] == "5" and own["i"] == "1" and own["text"] == '"plain text"'
    # The inner one has the name.
    assert own["x"] == "3" and own["x (2)"] == "1"
    assert own["login"].startswith("@0x") and 'user = "alice"' in own["login"]
    assert 'user = "alice"' in found["main"]["login"]
    assert not any(found[name] for name in found if name and name.startswith("std::"))
    assert "count = 5" in text and 'text = "plain text"' in text
    printed = [line for line in text.splitlines() if " = " in line and " | " not in line]
    assert all(len(line) <= 100 for line in printed)


def test_secrets_are_taken_out(tmp_path, program):
    result, text = run(tmp_path, program)
    own = variables(result.event)["die"]
    assert own["api_key"] == "[Filtered]"
    assert "password = [Filtered], access_token = [Filtered]" in own["login"]
    assert own["place"] == '"postgres://[Filtered]@db/shop"'
    # The source has them, too.
    report = "\n".join(line for line in text.splitlines() if " | " not in line)
    for secret in SECRETS:
        assert secret not in report
        assert all(secret not in json.dumps(frame.get("vars", {}))
                   for frame in harness.frames(result.event))


def test_none(tmp_path, program):
    result, text = run(tmp_path, program, "vars = off")
    assert not any(variables(result.event).values())
    assert "count = 5" not in text


def test_all(tmp_path, program):
    result, _ = run(tmp_path, program, "vars = all")
    found = variables(result.event)
    assert found["die"]["count"] == "5"
    assert any(found[name] for name in found if name and name.startswith("std::"))


def test_a_wrong_word_is_refused(tmp_path, program):
    path = tmp_path / "crashd.conf"
    path.write_text("[crashd]\nvars = some\n")
    result = harness.Run(tmp_path, [program], "--config", path)
    assert result.status == 125 and "vars" in result.stderr


@pytest.mark.parametrize("setting,shown", [("", False), ("send-default-pii = yes", True),
                                           ("vars = in-app", True),
                                           ("vars = off\nsend-default-pii = yes", False)])
def test_a_daemon_shows_them_where_private_things_may_leave(tmp_path, program, setting, shown):
    configuration = tmp_path / "crashd.conf"
    configuration.write_text(f"[crashd]\n{setting}\n")
    with Daemon(tmp_path, "--config", str(configuration)) as daemon:
        subprocess.run([str(program)], env={"LD_PRELOAD": str(harness.HOOK),
                                            "CRASHD_SOCKET": str(daemon.socket),
                                            "PATH": os.environ["PATH"]})
        (event_id,) = daemon.wait_reported()
        event = json.loads(daemon.file("reported", event_id, "event.json"))
        text = daemon.file("reported", event_id, "report.txt").decode()
    assert any(variables(event).values()) == shown
    assert ("count = 5" in text) == shown


def test_symbolize(tmp_path, program):
    result = harness.Run(tmp_path, [program], "--snapshots")
    snapshot = next(result.output.glob("*.snapshot"))
    def shown(*options):
        return harness.crashctl("symbolize", *options, snapshot)
    assert "count = 5" in shown().stdout
    assert "count = 5" in shown("--vars=in-app").stdout
    assert "count = 5" not in shown("--vars=off").stdout
    event = json.loads(shown("--vars", "all", "--event").stdout)
    assert variables(event)["die"]["count"] == "5"
    assert shown("--vars=some").returncode == 2
