# SPDX-License-Identifier: MIT
"""The kernel's own way to keep a dead process, for comparison."""
import os
import pathlib
import shutil

PATTERN = pathlib.Path("/proc/sys/kernel/core_pattern")


class CoreFiles:
    """While entered the kernel writes core files to a directory; the machine's setting is kept and
    put back. why_not says why that cannot be measured."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.why_not = self._why_not()

    @staticmethod
    def _why_not():
        if os.getuid() != 0:
            return "no core files: only root may set /proc/sys/kernel/core_pattern"
        try:
            PATTERN.write_text(PATTERN.read_text())
        except OSError as error:
            return f"no core files: {PATTERN}: {error.strerror}"
        return None

    def room_for(self, size):
        return shutil.disk_usage(self.directory).free > 2 * size + (1 << 30)

    def __enter__(self):
        self.saved = PATTERN.read_text()
        PATTERN.write_text(str(self.directory / "core.%p"))
        return self

    def __exit__(self, *exception):
        PATTERN.write_text(self.saved)
        for path in self.directory.glob("core.*"):
            path.unlink()
