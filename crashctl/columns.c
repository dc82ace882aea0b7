/* SPDX-License-Identifier: MIT */
#include "crashctl/columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void columns_time(const char *rfc3339, char *text, size_t size) {
    struct tm parts = {0}, local, today;
    time_t now = time(NULL);
    if (!strptime(rfc3339, "%Y-%m-%dT%H:%M:%S", &parts)) {
        snprintf(text, size, "?");
        return;
    }
    time_t then = timegm(&parts);
    if (!localtime_r(&then, &local) || !localtime_r(&now, &today)) {
        snprintf(text, size, "?");
        return;
    }
    if (local.tm_year != today.tm_year)
        strftime(text, size, "%b %Y", &local);
    else if (local.tm_yday != today.tm_yday)
        strftime(text, size, "%d %b", &local);
    else
        strftime(text, size, "%H:%M:%S", &local);
}

void columns_print(const char *text, int width) {
    size_t length = strlen(text), room = (size_t)abs(width);
    if (length > room && room > 3)
        printf("%.*s...  ", (int)room - 3, text);
    else
        printf("%*s  ", -width, text);
}
