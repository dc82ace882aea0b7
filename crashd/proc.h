/* SPDX-License-Identifier: MIT */
/* Reads in one process's /proc directory. */
#ifndef CRASHD_PROC_H
#define CRASHD_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROC_GROUPS_MAX = 256 };

struct proc_status {
    uint32_t uids[4], gids[4]; /* real, effective, saved, file system */
    pid_t parent;
    gid_t groups[PROC_GROUPS_MAX];
    size_t n_groups;
};

struct proc_stat {
    char name[64]; /* comm(5) */
    pid_t parent;
    uint64_t start; /* clock ticks after boot */
    uint64_t start_code, end_code, start_stack;
};

/* The directory of a process, or negative errno. */
int proc_open(pid_t pid);
int proc_status(int process, struct proc_status *ret);
int proc_stat(int process, struct proc_stat *ret);
/* Target of a symbolic link: malloc'ed, or NULL. */
char *proc_link(int process, const char *name);
/* A whole file of at most limit bytes: malloc'ed with a NUL, or NULL. */
char *proc_text(int process, const char *name, size_t limit, size_t *size);
/* A word of the auxiliary vector; false if it may not be read. */
bool proc_auxiliary(int process, unsigned long type, unsigned long *ret);

#endif
