/* SPDX-License-Identifier: MIT */
/* From signal, registers, instruction and mappings to one sentence on what happened. */
#ifndef REPORT_DIAGNOSE_H
#define REPORT_DIAGNOSE_H

#include "report/report.h"
#include "symbolizer/frame.h"

/* What the diagnosis is made from. stack: of the crashed thread, may be empty; walk may be NULL. */
struct diagnose_input {
    const struct snapshot *snapshot;
    struct walk *walk;
    const struct stack *stack;
    uint32_t
        self; /* pid that the process has for itself, to tell a sent signal from a raised one */
};

/* 0 or -ENOMEM. Cleared by diagnosis_clear(). */
int diagnose(const struct diagnose_input *input, struct report_diagnosis *ret);
void diagnosis_clear(struct report_diagnosis *diagnosis);

/* Parts, one file each: true if the diagnosis is made. */
bool diagnose_overflow(const struct diagnose_input *input, struct report_diagnosis *ret);
bool diagnose_memory(const struct diagnose_input *input, struct report_diagnosis *ret);
bool diagnose_sanitizer(const struct diagnose_input *input, struct report_diagnosis *ret);
bool diagnose_abort(const struct diagnose_input *input, struct report_diagnosis *ret);

/* Sets value (detail): a formatted sentence. */
void diagnosis_say(char **sentence, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
