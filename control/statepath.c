/* SPDX-License-Identifier: MIT */
#include "control/statepath.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

char *statepath_resolve(const char *option) {
    const char *variable = getenv("CRASHD_STATE_DIR"), *home = getenv("HOME"),
               *state = getenv("XDG_STATE_HOME");
    char *path;
    if (!text_empty(option))
        return strdup(option);
    if (!text_empty(variable))
        return strdup(variable);
    if (geteuid() == 0)
        return strdup("/var/lib/crashd");
    int n = text_empty(state)
                ? asprintf(&path, "%s/.local/state/crashd", text_empty(home) ? "/tmp" : home)
                : asprintf(&path, "%s/crashd", state);
    return n < 0 ? NULL : path;
}
