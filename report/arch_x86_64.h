/* SPDX-License-Identifier: MIT */
/* What a report says of one CPU. */
#ifndef REPORT_ARCH_X86_64_H
#define REPORT_ARCH_X86_64_H

#include <stdbool.h>
#include <stdint.h>

#include "snapshot/snapshot.h"

/* Names of snapshot_thread.registers, as Sentry wants them; NULL: not for people. */
extern const char *const ARCH_REGISTER_NAMES[SNAPSHOT_REGISTER_COUNT];

/* A general protection fault: the kernel has no address to give (FINDINGS: non-canonical). */
bool arch_is_protection_fault(const struct snapshot_signal *signal);
bool arch_fault_is_write(const struct snapshot_signal *signal);
bool arch_fault_is_fetch(const struct snapshot_signal *signal);
/* Not an address that user space could ever map. */
bool arch_is_noncanonical(uint64_t address);

/* Debian's name of it. */
#define ARCH_DEBIAN "amd64"

#endif
