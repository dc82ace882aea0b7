// SPDX-License-Identifier: MIT
/* What programs do with crashhook.h, and then die; one scene for each name. */
#include <crashhook.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void crash(void) {
    raise(SIGSEGV);
}

static void many(void) {
    char text[32], name[32], longer[1000];

    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    for (int i = 1; i <= 250; i++) {
        snprintf(text, sizeof text, "number %d", i);
        if (crashhook_breadcrumb(CRASHHOOK_INFO, "count", text) != 0)
            abort();
    }
    for (int i = 0; i < CRASHHOOK_TAGS; i++) {
        snprintf(name, sizeof name, "tag%d", i);
        if (crashhook_set_tag(name, "first") != 0 || crashhook_set_tag(name, longer) != 0)
            abort();
    }
    if (crashhook_set_tag("one too many", "x") != -1 || crashhook_set_tag("", "x") != -1)
        abort();
    if (crashhook_set_tag("tag7", NULL) != 0 || crashhook_set_tag("unknown", NULL) != 0)
        abort();
    /* The cut must not go through a character: 127 of two bytes and half of the next. */
    for (size_t i = 0; i + 1 < sizeof longer; i += 2)
        memcpy(longer + i, "\303\244", 2);
    crashhook_set_user("name", longer);
}

static void *hammer(void *argument) {
    for (unsigned i = 0;; i++) {
        char text[256];
        const char *data[] = {"n", text, NULL};
        memset(text, 'a' + (int)(i % 26), sizeof text - 1);
        text[150 + i % 32] = '\0';
        crashhook_breadcrumb_with(CRASHHOOK_INFO, "hammer", text, data);
        crashhook_set_tag("hammer", text);
        crashhook_set_context("hammer", text, NULL);
        crashhook_set_context("hammer", "value", text);
        __atomic_add_fetch((int *)argument, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static void from_handler(int number) {
    crashhook_breadcrumb(CRASHHOOK_WARNING, "signal", "in a handler");
}

int main(int argc, char **argv) {
    const char *scene = argc > 1 ? argv[1] : "";

    if (strcmp(scene, "many") == 0)
        many();
    if (strcmp(scene, "threads") == 0) {
        static int rounds;
        pthread_t thread;
        struct sigaction action = {.sa_handler = from_handler};
        sigaction(SIGUSR1, &action, NULL);
        for (int i = 0; i < 4; i++)
            pthread_create(&thread, NULL, hammer, &rounds);
        while (__atomic_load_n(&rounds, __ATOMIC_SEQ_CST) < 2000)
            pthread_kill(thread, SIGUSR1);
    }
    if (strcmp(scene, "inside") == 0) {
        /* The message ends where the memory does. */
        char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        mprotect(page + 4096, 4096, PROT_NONE);
        memset(page + 4000, 'm', 96);
        crashhook_set_tag("region", "eu-1");
        crashhook_breadcrumb(CRASHHOOK_INFO, "before", "whole");
        crashhook_breadcrumb(CRASHHOOK_INFO, "during", page + 4000);
    }
    if (strcmp(scene, "tag-inside") == 0) {
        crashhook_set_tag("region", "eu-1");
        crashhook_set_tag("region", (const char *)8);
    }
    if (strcmp(scene, "plugin") == 0) {
        void *plugin = dlopen(argv[2], RTLD_NOW);
        void (*say)(void) = (void (*)(void))dlsym(plugin, "say");
        say();
    }
    if (strcmp(scene, "secrets") == 0) {
        const char *data[] = {"password", "hunter2", "url", "https://me:hunter2@host/", NULL};
        const char *parts[] = {"password=hunter2", NULL};
        crashhook_breadcrumb_with(CRASHHOOK_ERROR, "login", "with password=hunter2", data);
        crashhook_set_tag("db_password", "hunter2");
        crashhook_set_context("login", "api_key", "hunter2");
        crashhook_set_user("token", "hunter2");
        crashhook_set_release("password=hunter2");
        crashhook_set_fingerprint(parts);
    }
    if (strcmp(scene, "there") == 0)
        return crashhook_is_there() ? 3 : 4;
    crash();
    return 0;
}
