/* SPDX-License-Identifier: MIT */
#include "report/signals.h"

#include <signal.h>
#include <stddef.h>

const char *signals_name(int number) {
    static const char *const names[] = {
        [SIGHUP] = "SIGHUP",       [SIGINT] = "SIGINT",   [SIGQUIT] = "SIGQUIT",
        [SIGILL] = "SIGILL",       [SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT",
        [SIGBUS] = "SIGBUS",       [SIGFPE] = "SIGFPE",   [SIGKILL] = "SIGKILL",
        [SIGUSR1] = "SIGUSR1",     [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
        [SIGPIPE] = "SIGPIPE",     [SIGALRM] = "SIGALRM", [SIGTERM] = "SIGTERM",
        [SIGSTKFLT] = "SIGSTKFLT", [SIGXCPU] = "SIGXCPU", [SIGXFSZ] = "SIGXFSZ",
        [SIGSYS] = "SIGSYS",
    };
    if (number > 0 && (size_t)number < sizeof names / sizeof *names && names[number])
        return names[number];
    return "unknown signal";
}

const char *signals_code_name(int number, int code) {
    static const struct {
        int number, code; /* number 0: of every signal */
        const char *name;
    } names[] = {
        {0, SI_USER, "SI_USER"},
        {0, SI_KERNEL, "SI_KERNEL"},
        {0, SI_QUEUE, "SI_QUEUE"},
        {0, SI_TIMER, "SI_TIMER"},
        {0, SI_MESGQ, "SI_MESGQ"},
        {0, SI_ASYNCIO, "SI_ASYNCIO"},
        {0, SI_TKILL, "SI_TKILL"},
        {SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR"},
        {SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR"},
        {SIGSEGV, SEGV_BNDERR, "SEGV_BNDERR"},
        {SIGSEGV, SEGV_PKUERR, "SEGV_PKUERR"},
        {SIGBUS, BUS_ADRALN, "BUS_ADRALN"},
        {SIGBUS, BUS_ADRERR, "BUS_ADRERR"},
        {SIGBUS, BUS_OBJERR, "BUS_OBJERR"},
        {SIGBUS, BUS_MCEERR_AR, "BUS_MCEERR_AR"},
        {SIGBUS, BUS_MCEERR_AO, "BUS_MCEERR_AO"},
        {SIGFPE, FPE_INTDIV, "FPE_INTDIV"},
        {SIGFPE, FPE_INTOVF, "FPE_INTOVF"},
        {SIGFPE, FPE_FLTDIV, "FPE_FLTDIV"},
        {SIGFPE, FPE_FLTOVF, "FPE_FLTOVF"},
        {SIGFPE, FPE_FLTUND, "FPE_FLTUND"},
        {SIGFPE, FPE_FLTRES, "FPE_FLTRES"},
        {SIGFPE, FPE_FLTINV, "FPE_FLTINV"},
        {SIGFPE, FPE_FLTSUB, "FPE_FLTSUB"},
        {SIGILL, ILL_ILLOPC, "ILL_ILLOPC"},
        {SIGILL, ILL_ILLOPN, "ILL_ILLOPN"},
        {SIGILL, ILL_ILLADR, "ILL_ILLADR"},
        {SIGILL, ILL_ILLTRP, "ILL_ILLTRP"},
        {SIGILL, ILL_PRVOPC, "ILL_PRVOPC"},
        {SIGILL, ILL_PRVREG, "ILL_PRVREG"},
        {SIGILL, ILL_COPROC, "ILL_COPROC"},
        {SIGILL, ILL_BADSTK, "ILL_BADSTK"},
        {SIGTRAP, TRAP_BRKPT, "TRAP_BRKPT"},
        {SIGTRAP, TRAP_TRACE, "TRAP_TRACE"},
        {SIGSYS, 1, "SYS_SECCOMP"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].code == code && (names[i].number == 0 || names[i].number == number))
            return names[i].name;
    return NULL;
}
