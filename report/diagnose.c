/* SPDX-License-Identifier: MIT */
#include "report/diagnose.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/instruction.h"
#include "report/signals.h"

void diagnosis_say(char **sentence, const char *format, ...) {
    va_list arguments;
    free(*sentence);
    va_start(arguments, format);
    if (vasprintf(sentence, format, arguments) < 0)
        *sentence = NULL;
    va_end(arguments);
}

void diagnosis_clear(struct report_diagnosis *diagnosis) {
    free(diagnosis->type);
    free(diagnosis->value);
    free(diagnosis->detail);
    free(diagnosis->sent_by_name);
    *diagnosis = (struct report_diagnosis){0};
}

static bool decode_at(const struct diagnose_input *input, uint64_t pc, struct instruction *ret) {
    uint8_t bytes[16];
    const struct snapshot_thread *thread = snapshot_crashed_thread(input->snapshot);
    size_t n = input->walk ? walk_read_memory(input->walk, pc, bytes, sizeof bytes)
                           : snapshot_read_memory(input->snapshot, pc, bytes, sizeof bytes);
    return thread && n > 0 && instruction_decode(bytes, n, pc, thread->registers, ret) == 0;
}

/* kill(2), sigqueue(3) or tgkill(2), by somebody else or by the process itself outside of abort().
 */
static bool diagnose_sent(const struct diagnose_input *input, struct report_diagnosis *ret) {
    const struct snapshot_signal *signal = &input->snapshot->signal;
    const char *name = signals_name(signal->number);
    if (signal->code > 0)
        return false;
    if (signal->sender_pid == input->self || signal->sender_pid == 0) {
        if (signal->number == SIGABRT)
            return false;
        ret->kind = "raised signal";
        diagnosis_say(&ret->value, "%s raised by the process itself", name);
        return true;
    }
    ret->kind = "sent signal";
    ret->sent_by = signal->sender_pid;
    if (!text_empty(signal->sender_comm)) {
        ret->sent_by_name = strdup(signal->sender_comm);
        diagnosis_say(&ret->value, "%s sent by process %u (%s) of user %u", name,
                      signal->sender_pid, signal->sender_comm, signal->sender_uid);
    } else {
        diagnosis_say(&ret->value, "%s sent by process %u of user %u", name, signal->sender_pid,
                      signal->sender_uid);
    }
    return true;
}

static bool divisor_is_not_zero(const struct diagnose_input *input,
                                const struct instruction *instruction) {
    uint64_t divisor = 0;
    if (instruction->has_divisor)
        return instruction->divisor != 0;
    if (!instruction->has_access || instruction->size > sizeof divisor)
        return false;
    return snapshot_read_memory(input->snapshot, instruction->address, &divisor,
                                instruction->size) == instruction->size &&
           divisor != 0;
}

static bool diagnose_arithmetic(const struct diagnose_input *input, struct report_diagnosis *ret) {
    const struct snapshot_signal *signal = &input->snapshot->signal;
    struct instruction instruction;
    if (signal->number != SIGFPE)
        return false;
    if (signal->code != FPE_INTDIV) {
        const char *code = signals_code_name(SIGFPE, signal->code);
        ret->kind = "arithmetic error";
        diagnosis_say(&ret->value, "Floating point exception (%s)", code ? code : "unknown kind");
        return true;
    }
    ret->kind = "division by zero";
    /* The CPU raises the same exception for a quotient that does not fit. */
    if (decode_at(input, signal->address, &instruction) &&
        instruction.class == INSTRUCTION_DIVIDE && divisor_is_not_zero(input, &instruction)) {
        ret->kind = "division overflow";
        diagnosis_say(&ret->value,
                      "Integer division overflow: the quotient does not fit (smallest integer "
                      "divided by -1)");
    } else {
        diagnosis_say(&ret->value, "Integer division by zero");
    }
    return true;
}

static bool diagnose_instruction(const struct diagnose_input *input, struct report_diagnosis *ret) {
    const struct snapshot_signal *signal = &input->snapshot->signal;
    struct instruction instruction;
    if (signal->number == SIGTRAP) {
        ret->kind = "breakpoint";
        diagnosis_say(&ret->value,
                      "Breakpoint trap: the program ran into int3 or __builtin_debugtrap");
        return true;
    }
    if (signal->number != SIGILL)
        return false;
    ret->kind = "illegal instruction";
    if (!decode_at(input, signal->address, &instruction))
        diagnosis_say(&ret->value, "Illegal instruction: the bytes at 0x%llx are no instruction",
                      (unsigned long long)signal->address);
    else if (instruction.class == INSTRUCTION_UNDEFINED)
        diagnosis_say(&ret->value,
                      "Trap instruction %s: __builtin_trap, or code that the compiler "
                      "holds for unreachable",
                      instruction.text);
    else
        diagnosis_say(&ret->value, "Illegal instruction: this CPU cannot execute %s",
                      instruction.text);
    return true;
}

static bool diagnose_system_call(const struct diagnose_input *input, struct report_diagnosis *ret) {
    const struct snapshot_signal *signal = &input->snapshot->signal;
    if (signal->number != SIGSYS)
        return false;
    BASE_CLEANUP(free)
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, (int)signal->syscall);
    ret->kind = "forbidden system call";
    diagnosis_say(&ret->value, "Forbidden system call %s (%u): a seccomp filter does not allow it",
                  name ? name : "of unknown name", signal->syscall);
    return true;
}

int diagnose(const struct diagnose_input *input, struct report_diagnosis *ret) {
    const struct snapshot_signal *signal = &input->snapshot->signal;

    *ret = (struct report_diagnosis){.synthetic = true, .kind = "signal"};
    if (diagnose_sanitizer(input, ret)) {
        ret->synthetic = false;
    } else if (!signal->present) {
        ret->kind = "unknown";
        diagnosis_say(&ret->value, "Unknown: the snapshot ends before the signal");
    } else if (!diagnose_sent(input, ret) && !diagnose_abort(input, ret) &&
               !diagnose_overflow(input, ret) && !diagnose_memory(input, ret) &&
               !diagnose_arithmetic(input, ret) && !diagnose_instruction(input, ret) &&
               !diagnose_system_call(input, ret)) {
        diagnosis_say(&ret->value, "Died of %s", signals_name(signal->number));
    }
    if (!ret->type)
        ret->type = strdup(signal->present ? signals_name(signal->number) : "Crash");
    if (ret->type && ret->value)
        return 0;
    diagnosis_clear(ret);
    return -ENOMEM;
}
