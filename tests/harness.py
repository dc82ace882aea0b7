# SPDX-License-Identifier: MIT
"""What the integration and torture tests share: the build tree, crashctl run, and checks that hold
for every event."""
import json
import os
import pathlib
import re
import subprocess

import jsonschema

TESTS = pathlib.Path(__file__).resolve().parent
REPOSITORY = TESTS.parent
BUILD = pathlib.Path(os.environ.get("CRASHD_BUILD", REPOSITORY / "build")).resolve()
CRASHCTL = BUILD / "crashctl" / "crashctl"
CRASHD = BUILD / "crashd" / "crashd"
HOOK = BUILD / "libcrashhook" / "libcrashhook.so"
TIMEOUT = 60

_schema = jsonschema.Draft7Validator(
    json.loads((TESTS / "schema" / "event.schema.json").read_text())
)

# A CI job's own variables would become releases and tags; a DSN of the machine would get our events.
_FOREIGN = re.compile(
    r"^(SENTRY_|CRASHD_|CRASHHOOK_|ASAN_|UBSAN_|LD_PRELOAD|CI$|CI_|GITHUB_|GITLAB_|JENKINS_|BUILD|DEBUGINFOD)"
)


def environment(**extra):
    clean = {k: v for k, v in os.environ.items() if not _FOREIGN.match(k)}
    clean["LC_ALL"] = "C.UTF-8"
    if "CRASHD_SANITIZED" in os.environ:
        # The daemon's processes end without tidying up what ends with them.
        clean["ASAN_OPTIONS"] = "detect_leaks=0"
    clean.update({k: str(v) for k, v in extra.items()})
    return clean


def _os_release(name):
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        key, _, value = line.partition("=")
        if key == name:
            return value.strip('"')
    return None


_distribution = _os_release("ID")


class Run:
    """One `crashctl run`: exit status as subprocess has it, output, the events of its crashes."""

    def __init__(self, directory, command, *options, env=None, **popen):
        self.output = directory / "output"
        self.state = directory / "state"
        self.process = subprocess.run(
            [CRASHCTL, "run", "--output", self.output, "--state-dir", self.state, *options, "--"]
            + [str(word) for word in command],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            env=environment(**(env or {})),
            **popen,
        )
        self.status = self.process.returncode
        self.stdout = self.process.stdout
        self.stderr = self.process.stderr
        self.events = [
            json.loads(path.read_text()) for path in sorted(self.output.glob("*.json"))
        ]
        for event in self.events:
            check_event(event)

    @property
    def event(self):
        assert len(self.events) == 1, f"{len(self.events)} events; stderr:\n{self.stderr}"
        return self.events[0]


def crashctl(*arguments, **options):
    return subprocess.run(
        [CRASHCTL, *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=TIMEOUT,
        env=environment(),
        **options,
    )


def compile_program(source, target, *flags):
    compiler = "g++" if str(source).endswith(".cpp") else "gcc"
    subprocess.run(
        [compiler, "-g", "-O0", *flags, "-o", target, source, "-lm"],
        check=True,
        capture_output=True,
        text=True,
    )
    return target


def frames(event):
    """Frames of the crashed thread, newest first."""
    return list(reversed(event["exception"]["values"][0]["stacktrace"]["frames"]))


def title(event):
    exception = event["exception"]["values"][0]
    return f"{exception['type']}: {exception['value']}"


def _images_do_not_overlap(event):
    ranges = sorted(
        (int(i["image_addr"], 16), i["image_size"], i) for i in event["debug_meta"]["images"]
    )
    for (start, size, _), (following, _, _) in zip(ranges, ranges[1:]):
        assert start + size <= following


def _innermost(error):
    """anyOf hides what is wrong; the deepest errors name it."""
    if not error.context:
        return f"{list(error.absolute_path)}: {error.message[:200]}"
    return [_innermost(inner) for inner in error.context]


def check_event(event):
    """SENTRY.md 2 and its check list in 5."""
    errors = sorted(_schema.iter_errors(event), key=lambda error: list(error.path))
    assert not errors, [_innermost(error) for error in errors[:5]]
    assert re.fullmatch(r"[0-9a-f]{32}", event["event_id"])
    handled = event["exception"]["values"][0]["mechanism"]["handled"]
    assert event["platform"] == "native" and event["level"] == ("error" if handled else "fatal")
    assert len(json.dumps(event, separators=(",", ":"), ensure_ascii=False)) <= 900 * 1024
    (exception,) = event["exception"]["values"]
    assert exception["mechanism"]["type"] == "signalhandler"
    threads = event["threads"]["values"]
    assert len({t["id"] for t in threads}) == len(threads)
    (crashed,) = [t for t in threads if t["crashed"]]
    assert crashed["id"] == exception["thread_id"] and "stacktrace" not in crashed
    stack = exception["stacktrace"]
    assert stack["frames"] and stack["instruction_addr_adjustment"] == "none"
    for thread_stack in [stack] + [t["stacktrace"] for t in threads if "stacktrace" in t]:
        assert 0 < len(thread_stack["frames"]) <= 250
        for frame in thread_stack["frames"]:
            assert frame.keys() & {"function", "filename", "instruction_addr"}
            assert isinstance(frame["in_app"], bool)
            for key in ("instruction_addr", "symbol_addr", "image_addr"):
                assert re.fullmatch(r"0x[0-9a-f]+", frame.get(key, "0x0"))
            assert "??" not in frame.get("function", "")
    for image in event["debug_meta"]["images"]:
        assert image["type"] == "elf" and isinstance(image["image_size"], int)
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", image["debug_id"])
    _images_do_not_overlap(event)
    assert event["contexts"]["os"]["name"] == "Linux"
    assert event["contexts"]["os"]["distribution_name"] == _distribution
    assert all(isinstance(v, str) and v and "\n" not in v for v in event["tags"].values())
