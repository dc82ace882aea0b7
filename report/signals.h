/* SPDX-License-Identifier: MIT */
/* Names of signals and of their codes (sigaction(2)). */
#ifndef REPORT_SIGNALS_H
#define REPORT_SIGNALS_H

/* "SIGSEGV"; "SIG" and a number for one without a name. Static text. */
const char *signals_name(int number);
/* "SEGV_MAPERR", "SI_USER"; NULL if unknown. Static text. */
const char *signals_code_name(int number, int code);

#endif
