/* SPDX-License-Identifier: MIT */
/*
 * Log lines on stderr, with journald's "<N>" priority prefix when stderr is the journal
 * (sd-daemon(3), JOURNAL_STREAM). One line is one write(2).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <syslog.h>

/* Name in front of each line, "crashd: worker"; a string that outlives the process. */
void log_open(const char *name);
/* Lines above this priority are dropped; LOG_INFO by default. */
void log_set_level(int priority);

void log_line(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...)   log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)    log_line(LOG_INFO, __VA_ARGS__)
#define log_notice(...)  log_line(LOG_NOTICE, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_error(...)   log_line(LOG_ERR, __VA_ARGS__)

#endif
