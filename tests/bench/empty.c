/* SPDX-License-Identifier: MIT */
/* A preloaded library that does nothing: what any preload costs. */
int bench_empty(void);

int bench_empty(void) {
    return 0;
}
