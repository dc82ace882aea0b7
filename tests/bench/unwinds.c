/* SPDX-License-Identifier: MIT */
/*
 * unwinds SNAPSHOT RUNS: the crashed thread's stack, unwound, and unwound and symbolized. Prints
 * the number of frames and the nanoseconds of both, for the first time in this process and the
 * shortest of RUNS more.
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/io.h"
#include "symbolizer/unwind.h"
#include "tests/bench/clock.h"

static struct cpu registers_of(const struct snapshot_thread *thread) {
    struct cpu cpu = {0};
    for (unsigned i = 0; i < ARCH_REGISTERS; i++)
        if (thread->known >> i & 1)
            cpu_set(&cpu, i, thread->registers[i]);
    return cpu;
}

static long long unwind(struct walk *walk, const struct snapshot *snapshot, size_t *frames) {
    struct cpu start = registers_of(&snapshot->threads[0]);
    struct unwound_stack stack;
    long long began = clock_now();
    if (unwind_stack(walk, &start, &stack) < 0)
        errx(1, "no memory");
    long long took = clock_now() - began;
    *frames = stack.n;
    free(stack.frames);
    return took;
}

static long long symbolize(struct walk *walk) {
    struct stack stack;
    long long began = clock_now();
    if (walk_stack(walk, 0, &stack) < 0)
        errx(1, "no stack");
    long long took = clock_now() - began;
    stack_free(&stack);
    return took;
}

static long long least(long long a, long long b) {
    return b < a ? b : a;
}

int main(int argc, char **argv) {
    char *data;
    size_t size, frames;
    struct snapshot *snapshot;
    struct symbolizer *symbolizer;
    struct walk *walk;
    struct symbolizer_options options = {0};
    if (argc < 3)
        errx(2, "usage: unwinds SNAPSHOT RUNS");
    if (io_read_file(AT_FDCWD, argv[1], 64 << 20, &data, &size) < 0 ||
        snapshot_read(data, size, &SNAPSHOT_LIMITS_DEFAULT, &snapshot) < 0 ||
        snapshot->n_threads == 0 || symbolizer_new(&options, &symbolizer) < 0)
        errx(1, "%s: no snapshot", argv[1]);
    unwinder_prepare();
    if (walk_new(symbolizer, snapshot, NULL, 0, &walk) < 0)
        errx(1, "no memory");
    long long unwind_first = unwind(walk, snapshot, &frames), unwind_best = unwind_first;
    long long symbolize_first = symbolize(walk), symbolize_best = symbolize_first;
    for (int run = 0; run < atoi(argv[2]); run++) {
        unwind_best = least(unwind_best, unwind(walk, snapshot, &frames));
        symbolize_best = least(symbolize_best, symbolize(walk));
    }
    printf("%zu %lld %lld %lld %lld\n", frames, unwind_first, unwind_best, symbolize_first,
           symbolize_best);
    walk_free(walk);
    symbolizer_free(symbolizer);
    snapshot_free(snapshot);
    free(data);
}
