# SPDX-License-Identifier: MIT
"""The manual says what the programs do: options, configuration keys and variables, both ways."""
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness

MAN = harness.REPOSITORY / "docs" / "man"
PAGES = sorted(page.name for page in MAN.glob("*.scd"))
VERBS = ("run", "list", "show", "status", "symbolize", "index", "gc")
# Every program and verb has them; most leave them out of their --help.
COMMON = {"--help", "--version"}
PREFIXED = r"(?:CRASHD|CRASHHOOK)_[A-Z_]+"


def source(name):
    return (MAN / name).read_text()


def text_of(name):
    """As a reader sees it: without the marks and escapes of scdoc."""
    return re.sub(r"\\(.)", r"\1", source(name))


def section(name, title):
    found = re.search(rf"^# {title}\n(.*?)(?=^# |\Z)", text_of(name), re.M | re.S)
    assert found, f"{name} has no section {title}"
    return found[1]


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", text))


def help_of(*command):
    return subprocess.run(
        [*command, "--help"], capture_output=True, text=True, check=True, env=harness.environment()
    ).stdout


def entries_of(help_text):
    """Of usage and the list of options; the explanations behind them may name others' options."""
    lines = re.findall(r"^(?:crash\w+ .*|  -.*)$", help_text, re.M)
    return options("\n".join(lines))


def test_pages():
    assert PAGES == ["crashctl.1.scd", "crashd.8.scd", "crashd.conf.5.scd", "libcrashhook.7.scd"]


@pytest.mark.parametrize("page", PAGES)
def test_compiles(page):
    if not shutil.which("scdoc"):
        pytest.skip("scdoc is not installed")
    result = subprocess.run(["scdoc"], input=source(page), capture_output=True, text=True)
    assert result.returncode == 0 and result.stderr == ""
    assert ".TH" in result.stdout


def test_options_of_crashd():
    documented = section("crashd.8.scd", "OPTIONS")
    assert options(documented) == entries_of(help_of(harness.CRASHD)) | COMMON
    assert options(section("crashd.8.scd", "SYNOPSIS")) == options(documented)


@pytest.mark.parametrize("verb", VERBS)
def test_options_of_verb(verb):
    printed = entries_of(help_of(harness.CRASHCTL, verb)) - COMMON
    # As entries, "*--json*" or "*-e*, *--exe* FILE" at the start of a line; prose may name others'.
    entries = re.findall(r"^\*-.*$", section("crashctl.1.scd", verb.upper()), re.M)
    assert options("\n".join(entries)) == printed


def test_every_verb_is_documented():
    listed = re.findall(r"^  ([a-z]+) ", help_of(harness.CRASHCTL), re.M)
    assert sorted(listed) == sorted(VERBS)


def test_options_in_prose_exist():
    known = set(COMMON) | options(help_of(harness.CRASHD))
    for verb in VERBS:
        known |= options(help_of(harness.CRASHCTL, verb))
    for page in PAGES:
        assert options(text_of(page)) <= known, page


@pytest.mark.parametrize("program", [harness.CRASHD, harness.CRASHCTL])
def test_common_options(program):
    for option in COMMON:
        result = subprocess.run([program, option], capture_output=True, text=True)
        assert result.returncode == 0 and result.stdout and not result.stderr


def keys_of_source():
    """name: (type, only in [crashd], default or None, words to choose from)"""
    text = (harness.REPOSITORY / "config" / "keys.c").read_text()
    entry = re.compile(
        r"\[CONFIG_\w+\]\s*=\s*\{\s*\"([^\"]+)\",\s*CONFIG_TYPE_(\w+),\s*([01]),\s*"
        r"(0|NULL|\"[^\"]*\"),\s*\{([^}]*)\}",
        re.S,
    )
    keys = {}
    for name, kind, only_crashd, standard, choices in entry.findall(text):
        default = standard.strip('"') if standard.startswith('"') else None
        keys[name] = (kind, only_crashd == "1", default, re.findall(r'"([^"]+)"', choices))
    declared = (harness.REPOSITORY / "config" / "keys.h").read_text()
    enumerated = re.search(r"enum config_key \{(.*?)CONFIG_KEYS,", declared, re.S)[1]
    assert len(keys) == len(re.findall(r"CONFIG_\w+", enumerated)), "an entry was not understood"
    return keys


def keys_of_page():
    """name: (meaning, default, unit, reload)"""
    text = section("crashd.conf.5.scd", "KEYS")
    table = re.search(r"^\|\[ \*Key\*\n(.*?)\n\n", text, re.M | re.S)
    keys = {}
    for row in re.split(r"^\|  ", table[1], flags=re.M)[1:]:
        name, *cells = (" ".join(cell.split()) for cell in re.split(r"^:  ", row, flags=re.M))
        assert len(cells) == 4, name
        keys[name.strip("*")] = tuple(cells)
    return keys


def test_configuration_keys():
    in_source, in_page = keys_of_source(), keys_of_page()
    assert list(in_page) == list(in_source)
    for name, (_, _, default, choices) in in_source.items():
        meaning, documented, _, _ = in_page[name]
        assert documented == (default or "none"), name
        for choice in choices:
            assert f"*{choice}*" in meaning, f"{name} = {choice}"


def test_configuration_units():
    units = {
        "TEXT": {"text"},
        "DSN": {"DSN"},
        "BOOLEAN": {"boolean"},
        "NUMBER": {"days", "crashes"},
        "SIZE": {"bytes"},
        "DURATION": {"time"},
        "CHOICE": {"choice"},
        "PATH": {"path"},
        "PATHS": {"paths"},
        "URLS": {"URLs"},
        "TAGS": {"tags"},
        "MAPS": {"maps"},
    }
    in_page = keys_of_page()
    for name, (kind, _, _, _) in keys_of_source().items():
        assert in_page[name][2] in units[kind], name
        reload = section("crashd.conf.5.scd", "RELOAD")
        assert re.search(rf"^{in_page[name][3]}$", reload, re.M), name


def test_keys_of_crashd_section_only():
    keys = section("crashd.conf.5.scd", "KEYS")
    sentence = re.search(r"([^\n]*(?:\n[^\n]+)*?) may\s+stand in \[crashd\] only", keys)
    named = set(re.findall(r"\*([a-z-]+)\*", sentence[1]))
    assert named == {name for name, key in keys_of_source().items() if key[1]}


@pytest.mark.parametrize("key", list(keys_of_source()))
def test_defaults_are_accepted(key, tmp_path):
    default = keys_of_source()[key][2]
    file = tmp_path / "crashd.conf"
    file.write_text(f"[crashd]\n{key} = {default or ''}\n")
    result = subprocess.run(
        [harness.CRASHD, "--config", file, "--check-config"], capture_output=True, text=True
    )
    assert (result.returncode, result.stdout) == (0, "ok\n"), result.stderr


def test_examples_of_configuration(tmp_path):
    blocks = re.findall(r"^```\n(.*?)^```", source("crashd.conf.5.scd"), re.M | re.S)
    assert len(blocks) == 2
    for block in blocks:
        file = tmp_path / "crashd.conf"
        file.write_text(re.sub(r"\\(.)", r"\1", block))
        result = subprocess.run(
            [harness.CRASHD, "--config", file, "--check-config"], capture_output=True, text=True
        )
        assert (result.returncode, result.stdout) == (0, "ok\n"), result.stderr


def variables(folder):
    """Names that stand in the sources as whole strings, as getenv() and setenv() want them."""
    found = set()
    for file in (harness.REPOSITORY / folder).glob("*.[ch]"):
        found |= set(re.findall(rf'"({PREFIXED})=?"', file.read_text()))
    return found


@pytest.mark.parametrize(
    "page, folders",
    [
        ("libcrashhook.7.scd", ["libcrashhook"]),
        ("crashd.8.scd", ["crashd", "control"]),
        ("crashctl.1.scd", ["crashctl", "control"]),
    ],
)
def test_variables(page, folders):
    read = set().union(*map(variables, folders))
    assert read
    assert read <= set(re.findall(PREFIXED, section(page, "ENVIRONMENT"))), page


def test_documented_variables_exist():
    exist = set().union(*map(variables, ("libcrashhook", "crashd", "crashctl", "control", "base")))
    for page in PAGES:
        assert set(re.findall(PREFIXED, text_of(page))) <= exist, page


def test_captured_variables():
    text = (harness.REPOSITORY / "libcrashhook" / "process.c").read_text()
    allowed = re.search(r"ALLOWED_VARIABLES\[\] = \{(.*?)\};", text, re.S)[1]
    page = section("libcrashhook.7.scd", "WHAT IS CAPTURED")
    listed = re.search(r"environment variables, only these: (.*?)\n- ", page, re.S)[1]
    assert re.findall(r"\w+", listed) == re.findall(r'"(\w+)"', allowed)


def test_columns_of_rows():
    """docs/json.md against the store's own table of columns."""
    columns = (harness.REPOSITORY / "control" / "columns.h").read_text()
    page = (harness.REPOSITORY / "docs" / "json.md").read_text()
    for title, table in (("Crashes", "CRASH"), ("Delivery", "DELIVERY")):
        block = re.search(rf"#define STORE_{table}_COLUMNS\(X\)(.*?)\n\n", columns, re.S)[1]
        kinds = {"TEXT": "string", "INTEGER": "integer"}
        wanted = [(name, kinds[kind]) for name, kind in re.findall(r"X\((\w+), (\w+)\)", block)]
        part = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", page, re.M | re.S)[1]
        assert re.findall(r"^\| `(\w+)` \| (string|integer) \|", part, re.M) == wanted, title
    version = re.search(r"STORE_VERSION = (\d+)", columns)[1]
    assert re.search(rf"^Schema version {version}\.", page, re.M)
