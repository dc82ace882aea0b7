/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_clock(clockid_t clock) {
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clock_realtime(void) {
    return read_clock(CLOCK_REALTIME);
}

uint64_t clock_monotonic(void) {
    return read_clock(CLOCK_MONOTONIC);
}

void clock_rfc3339(uint64_t time, char text[CLOCK_RFC3339_SIZE]) {
    time_t seconds = (time_t)(time / 1000000000u);
    struct tm parts = {0};
    char date[24];
    gmtime_r(&seconds, &parts);
    /* A time from a hostile snapshot may have a year of many digits. */
    if (parts.tm_year > 8099 || strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        snprintf(date, sizeof date, "1970-01-01T00:00:00");
    snprintf(text, CLOCK_RFC3339_SIZE, "%s.%06uZ", date, (unsigned)(time % 1000000000u / 1000u));
}
