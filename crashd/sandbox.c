/* SPDX-License-Identifier: MIT */
#include "crashd/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

static const rlim_t RESULT_MAX = 32 << 20;
/* AddressSanitizer's shadow memory is larger than any limit. */
#ifdef __SANITIZE_ADDRESS__
static const rlim_t MEMORY_MAX = RLIM_INFINITY;
#else
static const rlim_t MEMORY_MAX = 1 << 30;
#endif

static int set_limit(__rlimit_resource_t resource, rlim_t value) {
    return setrlimit(resource, &(struct rlimit){value, value}) < 0 ? -errno : 0;
}

/* To make an index takes more: the debug information is mapped, and much of it is read. */
static const rlim_t INDEX_MEMORY_MAX = (rlim_t)16 << 30, INDEX_DATA_MAX = 1 << 30,
                    INDEX_SECONDS_MAX = 120;

static int limit_index(uint64_t size) {
    int r = set_limit(RLIMIT_FSIZE, size);
    if (r == 0)
        r = set_limit(RLIMIT_CPU, INDEX_SECONDS_MAX);
    if (r == 0 && MEMORY_MAX != RLIM_INFINITY)
        r = set_limit(RLIMIT_AS, INDEX_MEMORY_MAX);
    if (r == 0 && MEMORY_MAX != RLIM_INFINITY)
        r = set_limit(RLIMIT_DATA, INDEX_DATA_MAX);
    return r;
}

static int limit_resources(const struct sandbox *sandbox) {
    int r = set_limit(RLIMIT_CORE, 0);
    if (r == 0)
        r = set_limit(RLIMIT_NOFILE, 512);
    if (r == 0 && sandbox->index_size > 0)
        return limit_index(sandbox->index_size);
    if (r == 0)
        r = set_limit(RLIMIT_FSIZE, RESULT_MAX);
    if (r == 0)
        r = set_limit(RLIMIT_AS, MEMORY_MAX);
    return r;
}

static int become(const struct sandbox *sandbox) {
    if (!sandbox->switch_user)
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(sandbox->gid, sandbox->gid, sandbox->gid) < 0 ||
        setresuid(sandbox->uid, sandbox->uid, sandbox->uid) < 0)
        return -errno;
    return setuid(0) == 0 ? -EPERM : 0;
}

enum { LANDLOCK_READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR };

static int allow_reading(int ruleset, int directory, const char *path) {
    struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_READ};
    struct stat st;
    BASE_CLEANUP(close)
    int fd = openat(directory, path, O_PATH | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return 0;
    if (!S_ISDIR(st.st_mode))
        rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
    rule.parent_fd = fd;
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0
               ? -errno
               : 0;
}

/* Everything that may hold programs, their debug information and sources; not what tells about
 * this machine, its other processes and its secrets. A worker that is a user reads what that user
 * may: builds happen anywhere, below /var and /run too. */
static int allow_files(int ruleset, bool system) {
    static const char *const never[] = {".", "..", "proc", "sys", "dev"};
    static const char *const not_for_the_system[] = {"etc", "run", "var", "boot", "root"};
    BASE_CLEANUP(closedir)
    DIR *root = opendir("/");
    struct dirent *entry;
    int r = root ? 0 : -errno;
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): r is 0 only with a root */
    while (r == 0 && (entry = readdir(root))) {
        bool skip = false;
        for (size_t i = 0; i < sizeof never / sizeof *never; i++)
            skip |= strcmp(entry->d_name, never[i]) == 0 ||
                    (system && strcmp(entry->d_name, not_for_the_system[i]) == 0);
        if (!skip)
            r = allow_reading(ruleset, dirfd(root), entry->d_name);
    }
    return r < 0 ? r : allow_reading(ruleset, AT_FDCWD, "/var/lib/dpkg");
}

static int allow_directory(int ruleset, int directory) {
    struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_READ,
                                              .parent_fd = directory};
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0
               ? -errno
               : 0;
}

static int restrict_files(bool system, int indexes) {
    /* All rights of the first version: any kernel that has landlock knows them. */
    struct landlock_ruleset_attr attributes = {.handled_access_fs =
                                                   (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    BASE_CLEANUP(close)
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (ruleset < 0) {
        if (errno == ENOSYS || errno == EOPNOTSUPP) {
            log_debug("this kernel has no landlock: the file system is guarded by seccomp alone");
            return 0;
        }
        return -errno;
    }
    int r = allow_files(ruleset, system);
    if (r == 0 && indexes > 0)
        r = allow_directory(ruleset, indexes);
    if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        r = -errno;
    return r;
}

/* What a program only calls when it is no longer ours. */
static const int deadly[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(socket),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(ptrace),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(kill),
    SCMP_SYS(tkill),
    SCMP_SYS(mount),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(bpf),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
};

static const int harmless[] = {
    SCMP_SYS(read),          SCMP_SYS(pread64),         SCMP_SYS(readv),
    SCMP_SYS(preadv),        SCMP_SYS(write),           SCMP_SYS(writev),
    SCMP_SYS(pwrite64),      SCMP_SYS(lseek),           SCMP_SYS(close),
    SCMP_SYS(fstat),         SCMP_SYS(newfstatat),      SCMP_SYS(stat),
    SCMP_SYS(lstat),         SCMP_SYS(statx),           SCMP_SYS(access),
    SCMP_SYS(faccessat),     SCMP_SYS(faccessat2),      SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),    SCMP_SYS(getdents64),      SCMP_SYS(getcwd),
    SCMP_SYS(mmap),          SCMP_SYS(munmap),          SCMP_SYS(mremap),
    SCMP_SYS(mprotect),      SCMP_SYS(madvise),         SCMP_SYS(brk),
    SCMP_SYS(dup),           SCMP_SYS(fcntl),           SCMP_SYS(ftruncate),
    SCMP_SYS(recvmsg),       SCMP_SYS(sendmsg),         SCMP_SYS(poll),
    SCMP_SYS(ppoll),         SCMP_SYS(futex),           SCMP_SYS(sched_yield),
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),    SCMP_SYS(time),
    SCMP_SYS(nanosleep),     SCMP_SYS(clock_nanosleep), SCMP_SYS(getrandom),
    SCMP_SYS(getpid),        SCMP_SYS(gettid),          SCMP_SYS(getppid),
    SCMP_SYS(getuid),        SCMP_SYS(geteuid),         SCMP_SYS(getgid),
    SCMP_SYS(getegid),       SCMP_SYS(getrlimit),       SCMP_SYS(prlimit64),
    SCMP_SYS(sysinfo),       SCMP_SYS(uname),           SCMP_SYS(sched_getaffinity),
    SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask),  SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),   SCMP_SYS(restart_syscall), SCMP_SYS(exit),
    SCMP_SYS(exit_group),    SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(membarrier),    SCMP_SYS(msync),
};

/* msync: libunwind asks by it whether memory is there. tgkill: abort() raises its own signal. */
static int add_rules(scmp_filter_ctx filter) {
    const uint64_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_TMPFILE;
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof harmless / sizeof *harmless; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, harmless[i], 0);
    for (size_t i = 0; r == 0 && i < sizeof deadly / sizeof *deadly; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, writing & ~(uint64_t)O_DIRECTORY, 0));
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                             SCMP_A1(SCMP_CMP_MASKED_EQ, writing & ~(uint64_t)O_DIRECTORY, 0));
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    return r;
}

static int restrict_calls(void) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter)
        return -ENOMEM;
    int r = add_rules(filter);
    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    return r;
}

int sandbox_enter(const struct sandbox *sandbox) {
    const char *step = "resource limits";
    int r = limit_resources(sandbox);
    if (r == 0) {
        step = "change of user";
        r = become(sandbox);
    }
    if (r == 0) {
        step = "no_new_privs";
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_DUMPABLE, 0);
        r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
    }
    if (r == 0) {
        step = "landlock";
        r = restrict_files(sandbox->switch_user, sandbox->indexes);
    }
    if (r == 0) {
        step = "seccomp";
        r = restrict_calls();
    }
    if (r < 0)
        log_error("the worker's sandbox could not be made (%s): %s: nothing is symbolized", step,
                  strerror(-r));
    return r;
}
