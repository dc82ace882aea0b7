/* SPDX-License-Identifier: MIT */
/* Work of many kinds between two traps, to be stepped through: see unwind_step_test.py. */
#include <alloca.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#define NI __attribute__((noinline, noclone))
volatile int sink;
static volatile int signals;
NI int leaf(int a, int b) {
    return a * 3 + b;
}
NI int tail(int a) {
    return leaf(a, a + 1);
}
NI int many(int a, int b, int c, int d, int e, int f, int g, int h, int i) {
    volatile int v[10] = {a, b, c};
    return leaf(v[a & 3], g + h + i) + d + e + f;
}
NI int with_alloca(int n) {
    char *p = alloca((size_t)n & 63);
    memset(p, n, (size_t)n & 63);
    int r = leaf(p[0], n);
    return r + p[n & 7];
}
NI int with_vla(int n) {
    int v[(n & 15) + 1];
    v[n & 7 & (n & 15)] = n;
    int r = leaf(v[0], n);
    sink = r;
    return r;
}
NI int deep(int n) {
    char pad[100];
    pad[n & 63] = (char)n;
    sink = pad[n & 31];
    if (n > 0)
        return deep(n - 1) + pad[n & 63];
    return leaf(n, 4);
}
static int compare(const void *a, const void *b) {
    int r = leaf(*(const int *)a, 0) - leaf(*(const int *)b, 0);
    return r;
}
NI int big_frame(int n) {
    char b[9000];
    memset(b, n, sizeof b);
    int r = leaf(b[n], b[n + 1]);
    return r + b[5];
}
typedef double v4 __attribute__((vector_size(32)));
NI int aligned(int n) {
    __attribute__((aligned(64))) volatile int v[16];
    v[n & 15] = n;
    int r = leaf(v[n & 15], n);
    return r + v[n & 15];
}
static void on_signal(int s) {
    signals++;
    sink = leaf(s, signals);
}
NI int indirect(int (*f)(int), int n) {
    int r = f(n);
    return r + 1;
}
static int nested_parent(int n) {
    int r = indirect(tail, n);
    return r;
}
NI int work(int n) {
    int v[12];
    int r = leaf(n, 2);
    r += tail(r);
    r += many(1, 2, 3, 4, 5, 6, 7, 8, r);
    r += with_alloca(17);
    r += with_vla(9);
    r += deep(4);
    for (int i = 0; i < 12; i++)
        v[i] = (i * 7) % 12;
    qsort(v, 12, sizeof *v, compare);
    r += v[3];
    r += big_frame(1);
    r += aligned(3);
    r += nested_parent(4);
    char text[64];
    snprintf(text, sizeof text, "%d %s %.3f", r, "abc", r / 7.0);
    r += (int)strlen(text);
    void *p = malloc(100);
    free(p);
    raise(SIGUSR1);
#ifdef __GLIBC__
    /* In the vdso, and without its loop, which never ends for who is stepped. */
    r += (int)(time(NULL) & 1);
#endif
    r += getppid() & 1;
    return r;
}
int main(int argc, char **argv) {
    static char stack[65536];
    if (argc > 1) {
        stack_t s = {.ss_sp = stack, .ss_size = sizeof stack};
        sigaltstack(&s, 0);
    }
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = argc > 1 ? SA_ONSTACK : 0};
    sigaction(SIGUSR1, &a, 0);
    __asm__ volatile("int3");
    int r = work(argc);
    __asm__ volatile("int3");
    return r & 1;
}
