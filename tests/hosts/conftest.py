# SPDX-License-Identifier: MIT
import pathlib
import subprocess

import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: cheap, and its program is a small package or is there")


@pytest.fixture(scope="session")
def crasher(tmp_path_factory):
    """A program that reads from a null pointer."""
    directory = tmp_path_factory.mktemp("crasher")
    source, program = directory / "crasher.c", directory / "crasher"
    source.write_text("int main(int argc, char **argv)\n{\n    return *(volatile int *)(long)(argc / 100);\n}\n")
    subprocess.run(["gcc", "-g", "-O0", source, "-o", program], check=True)
    return pathlib.Path(program)
