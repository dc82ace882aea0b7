/* SPDX-License-Identifier: MIT */
/* creates RUNS: nanoseconds of pthread_create alone, and until the thread is joined, a line each.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"

static void *nothing(void *argument) {
    return argument;
}

int main(int argc, char **argv) {
    enum { WARM_UP = 50 };
    if (argc != 2)
        return 2;
    for (int run = -WARM_UP; run < atoi(argv[1]); run++) {
        pthread_t thread;
        long long before = clock_now();
        if (pthread_create(&thread, NULL, nothing, NULL) != 0)
            return 1;
        long long created = clock_now();
        pthread_join(thread, NULL);
        long long joined = clock_now();
        if (run >= 0)
            printf("%lld %lld\n", created - before, joined - before);
    }
    return 0;
}
