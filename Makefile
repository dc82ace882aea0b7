# SPDX-License-Identifier: MIT
# The front door. Everything is built by meson in build/.
BUILD ?= build
PYTHON ?= /usr/bin/python3
JOBS ?= $(shell nproc)
PYTEST = CRASHD_BUILD=$(abspath $(BUILD)) $(PYTHON) -m pytest -q -p no:cacheprovider
# A file's tests one after the other: some share what takes long to build.
PARALLEL = -n $(JOBS) --dist loadfile

.PHONY: all build demo test test-sanitized test-addresses test-hosts test-hosts-smoke lint fuzz bench deps clean

all: build

# Alone of all targets this one installs packages (as root or with sudo); see .ci/deps.
deps:
	@.ci/deps build test lint fuzz bench

build:
	@.ci/deps build test
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) -Dwerror=true >/dev/null
	@ninja -C $(BUILD) -j $(JOBS) --quiet

demo: build
	@tests/demo/run $(BUILD)

# Unit tests first: they are over in seconds.
test: build
	@meson test -C $(BUILD) --suite unit --print-errorlogs --quiet
	$(PYTEST) $(PARALLEL) tests/integration tests/torture

# All but the hook, which must not carry a sanitizer's runtime into other programs; so what is about
# the hook alone is left to `make test`.
OF_THE_HOOK = $(addprefix --ignore=tests/integration/,hook_libc_test.py hook_sandbox_test.py \
    hook_elf_test.py dispositions_test.py)
test-sanitized:
	@.ci/deps build test
	@test -f $(BUILD)-sanitized/build.ninja || meson setup $(BUILD)-sanitized -Dwerror=true \
	    -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
	@ninja -C $(BUILD)-sanitized -j $(JOBS) --quiet
	@meson test -C $(BUILD)-sanitized --suite unit --print-errorlogs --quiet
	CRASHD_BUILD=$(abspath $(BUILD)-sanitized) CRASHD_SANITIZED=1 \
	    $(PYTHON) -m pytest -q -p no:cacheprovider $(PARALLEL) $(OF_THE_HOOK) tests/integration tests/torture

# Functions, inlined calls, files and lines of 10,000 addresses of each program, against addr2line
# and llvm-symbolizer, and with an index against without; `make test` takes 500.
test-addresses: build
	CRASHD_ADDRESSES=10000 $(PYTEST) $(PARALLEL) -rA tests/integration/addresses_test.py tests/integration/index_test.py

# Real programs from Debian, unmodified, with the hook in them.
test-hosts: build
	@.ci/deps hosts
	$(PYTEST) tests/hosts

# Those that are there anyhow, or are small: for .ci/run.
test-hosts-smoke: build
	@.ci/deps hosts-smoke
	$(PYTEST) -m smoke tests/hosts

lint:
	@.ci/deps build test lint
	@.ci/lint $(BUILD)

# All targets together for about FUZZ_SECONDS.
FUZZ_SECONDS ?= 60
fuzz:
	@.ci/deps build test fuzz
	@tests/fuzz/run $(BUILD)-fuzz $(FUZZ_SECONDS)

bench: build
	@.ci/deps bench
	@$(PYTHON) tests/bench/bench.py --build $(BUILD) --output $(BUILD)/bench.json

clean:
	rm -rf $(BUILD) $(BUILD)-sanitized $(BUILD)-fuzz $(BUILD)-lint
