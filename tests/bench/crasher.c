/* SPDX-License-Identifier: MIT */
/* crasher THREADS HEAP_BYTES [LIBRARY...]: becomes a process of that size and dies of a null
 * pointer, a few calls deep. The time of the fault goes into the mapping of descriptor 3. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"

static pthread_barrier_t all_there;

static void *wait_for_the_end(void *argument) {
    pthread_barrier_wait(&all_there);
    for (;;)
        pause();
    return argument;
}

static int start_threads(unsigned count) {
    pthread_attr_t attributes;
    if (pthread_barrier_init(&all_there, NULL, count) != 0)
        return -1;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    for (unsigned i = 1; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, wait_for_the_end, NULL) != 0)
            return -1;
    }
    pthread_barrier_wait(&all_there);
    return 0;
}

static int touch_heap(size_t size) {
    if (size == 0)
        return 0;
    char *heap = malloc(size);
    if (!heap)
        return -1;
    memset(heap, 0x5a, size);
    __asm__ volatile("" ::"r"(heap) : "memory");
    return 0;
}

static __attribute__((noinline)) void fault(volatile long long *when, volatile int *nowhere) {
    *when = clock_now();
    *nowhere = 1;
}

static __attribute__((noinline)) void work(volatile long long *when) {
    fault(when, NULL);
    __asm__ volatile("");
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    volatile long long *when =
        mmap(NULL, sizeof *when, PROT_READ | PROT_WRITE, MAP_SHARED, CLOCK_FD, 0);
    if (when == MAP_FAILED)
        return 1;
    close(CLOCK_FD);
    for (int i = 3; i < argc; i++)
        if (!dlopen(argv[i], RTLD_NOW))
            return 1;
    if (touch_heap(strtoull(argv[2], NULL, 10)) < 0 || start_threads((unsigned)atoi(argv[1])) < 0)
        return 1;
    work(when);
    return 0;
}
