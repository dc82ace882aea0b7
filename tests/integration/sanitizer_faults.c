// SPDX-License-Identifier: MIT
/* What sanitizers find, one fault for each name; goes on and says so where it can. */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

volatile int zero, shared, other, keep;
void *volatile lost;

#ifdef OWN_HOOKS
const char *__asan_default_options(void) {
    return "verify_asan_link_order=0:exitcode=42";
}
void __sanitizer_on_print(const char *text) {
    keep += (int)strlen(text);
}
#endif
#ifdef OWN_CALLBACK
void __sanitizer_set_death_callback(void (*callback)(void));
static void last_words(void) {
    static const char words[] = "last words\n";
    keep += (int)write(1, words, sizeof words - 1);
}
#endif

__attribute__((noinline)) static void use_after_free(void) {
    int *p = malloc(8);
    free(p);
    keep = p[zero]; // @use
}

__attribute__((noinline)) static void add(int a) {
    keep = INT_MAX + a; // @add
}

__attribute__((noinline)) static void overflow(int n) {
    char room[4096];
    memset(room, n, sizeof room);
    if (n >= 0)
        overflow(n + 1); // @overflow
    keep += room[zero];
}

static void *writer(void *argument) {
    ++*(volatile int *)argument; // @race
    return NULL;
}

__attribute__((noinline)) static void race(volatile int *p) {
    pthread_t a, b;
    pthread_create(&a, NULL, writer, (void *)p);
    pthread_create(&b, NULL, writer, (void *)p);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
}

__attribute__((noinline)) static void lose(void) {
    lost = malloc(77);
    lost = NULL;
}

static void on_segv(int number) {
    static const char text[] = "own handler\n";
    keep += (int)write(1, text, sizeof text - 1);
    _exit(5);
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
#ifdef OWN_CALLBACK
    __sanitizer_set_death_callback(last_words);
#endif
    puts("begin");
    fflush(stdout);
    if (strcmp(what, "use-after-free") == 0)
        use_after_free();
    else if (strcmp(what, "add") == 0)
        add(argc);
    else if (strcmp(what, "null") == 0)
        keep = *(volatile int *)(long)zero; // @null
    else if (strcmp(what, "own-handler") == 0)
        keep = signal(SIGSEGV, on_segv) == SIG_ERR ? 1 : *(volatile int *)(long)zero;
    else if (strcmp(what, "overflow") == 0)
        overflow(1);
    else if (strcmp(what, "race") == 0)
        race(&shared), race(&other);
    else if (strcmp(what, "race-abort") == 0)
        race(&shared), abort();
    else if (strcmp(what, "leak") == 0)
        lose();
    else if (strcmp(what, "double-free") == 0)
        free((void *)what);
    else if (strcmp(what, "uninitialized") == 0) {
        volatile int never;
        if (never == 1) // @uninitialized
            puts("set");
    } else if (strcmp(what, "abort") == 0)
        abort();
    puts("end");
    return 0;
}
