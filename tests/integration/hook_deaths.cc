// SPDX-License-Identifier: MIT
// Ways to die, and not to die, by name: for hook_test.py.
#include <cassert>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

struct Custom : std::runtime_error {
    using std::runtime_error::runtime_error;
};
struct Part {
    virtual ~Part() = default;
    int part = 1;
};
struct Mixed : Part, std::logic_error {
    using std::logic_error::logic_error;
};

volatile int zero;
int *volatile null_pointer;
sigjmp_buf recovery;

[[gnu::noinline]] void crash() {
    *null_pointer = 1;
}

[[gnu::noinline]] int recurse(int depth) {
    volatile char frame[512];
    frame[0] = static_cast<char>(depth);
    return recurse(depth + 1) + frame[0];
}

void reraise(int signal) {
    ::signal(signal, SIG_DFL);
    raise(signal);
}

void reraise_and_exit(int signal) {
    ::signal(signal, SIG_DFL);
    raise(signal);
    _exit(3);
}

void set_action(int signal, void (*handler)(int), int flags) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaction(signal, &action, nullptr);
}

int report_child(pid_t child) {
    int status;
    waitpid(child, &status, 0);
    std::printf("child died of %d\n", WTERMSIG(status));
    return 0;
}

void run_threads(int count, void (*function)(int)) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; i++)
        threads.emplace_back(function, i);
    for (auto &thread : threads)
        thread.join();
}

pthread_barrier_t barrier;

void forbid(int call, unsigned action) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        std::exit(99);
}

int throw_and_catch() {
    try {
        throw std::runtime_error("caught");
    } catch (const std::exception &) {
        crash();
    }
    return 0;
}

void throwing() noexcept {
    throw std::out_of_range("no room");
}

const std::map<std::string, int (*)()> DEATHS = {
    {"null", [] { return crash(), 0; }},
    {"abort", []() -> int { std::abort(); }},
    {"assert",
     [] {
         assert(zero == 1);
         return 0;
     }},
    {"throw", []() -> int { throw Custom("deep what"); }},
    {"throw_mixed", []() -> int { throw Mixed("second base"); }},
    {"throw_int", []() -> int { throw 5; }},
    {"throw_noexcept",
     [] {
         throwing();
         return 0;
     }},
    {"throw_thread",
     [] {
         run_threads(1, [](int) { throw Custom("in a thread"); });
         return 0;
     }},
    {"rethrow",
     []() -> int {
         std::exception_ptr saved;
         try {
             throw Custom("via pointer");
         } catch (...) {
             saved = std::current_exception();
         }
         std::rethrow_exception(saved);
     }},
    {"bad_alloc", []() -> int { throw std::bad_alloc(); }},
    {"catching", throw_and_catch},
    {"overflow", [] { return recurse(0); }},
    {"thread_overflow",
     [] {
         run_threads(1, [](int) { recurse(0); });
         return 0;
     }},
    {"illegal", []() -> int { __builtin_trap(); }},
    {"breakpoint",
     [] {
         __asm__ volatile("int3");
         return 0;
     }},
    {"double_free",
     [] {
         void *volatile memory = std::malloc(3);
         std::free(memory);
         std::free(memory);
         return 0;
     }},
    {"bus",
     [] {
         char path[] = "/tmp/hook-bus-XXXXXX";
         int fd = mkstemp(path);
         unlink(path);
         auto *memory =
             static_cast<volatile char *>(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0));
         return static_cast<int>(memory[0]);
     }},
    {"call_null",
     [] {
         void (*volatile function)() = nullptr;
         function();
         return 0;
     }},
    {"kill",
     [] {
         kill(getpid(), SIGSEGV);
         return 0;
     }},
    {"fork",
     [] {
         pid_t child = fork();
         if (child == 0)
             crash();
         return report_child(child);
     }},
    {"fork_in_thread",
     [] {
         run_threads(3, [](int i) {
             if (i != 1)
                 return;
             pid_t child = fork();
             if (child == 0)
                 crash();
             report_child(child);
         });
         return 0;
     }},
    {"vfork",
     [] {
         pid_t child = vfork();
         if (child == 0) {
             *null_pointer = 1;
             _exit(1);
         }
         return report_child(child);
     }},
    {"fifty_threads_one",
     [] {
         run_threads(50, [](int i) {
             if (i == 37) {
                 usleep(50000);
                 crash();
             }
             pause();
         });
         return 0;
     }},
    {"fifty_threads_all",
     [] {
         pthread_barrier_init(&barrier, nullptr, 50);
         run_threads(50, [](int) {
             pthread_barrier_wait(&barrier);
             crash();
         });
         return 0;
     }},
    {"blocked_threads",
     [] {
         run_threads(8, [](int i) {
             sigset_t all;
             sigfillset(&all);
             pthread_sigmask(SIG_SETMASK, &all, nullptr);
             if (i == 5) {
                 usleep(50000);
                 crash();
             }
             for (;;)
                 pause();
         });
         return 0;
     }},
    {"in_handler",
     [] {
         std::signal(SIGUSR1, [](int) { crash(); });
         std::raise(SIGUSR1);
         return 0;
     }},
    {"in_handler_on_own_stack",
     [] {
         stack_t stack = {};
         stack.ss_sp =
             mmap(nullptr, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         stack.ss_size = 65536;
         sigaltstack(&stack, nullptr);
         set_action(
             SIGUSR1, [](int) { crash(); }, SA_ONSTACK);
         std::raise(SIGUSR1);
         return 0;
     }},
    {"small_stack",
     [] {
         stack_t stack = {};
         auto *memory = static_cast<char *>(
             mmap(nullptr, 3 * 16384, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
         mprotect(memory + 16384, 16384, PROT_READ | PROT_WRITE);
         stack.ss_sp = memory + 16384;
         stack.ss_size = 8192;
         sigaltstack(&stack, nullptr);
         return recurse(0);
     }},
    {"handler_reraises",
     [] {
         std::signal(SIGSEGV, reraise);
         crash();
         return 0;
     }},
    {"handler_returns_to_fault",
     [] {
         std::signal(SIGSEGV, [](int signal) { std::signal(signal, SIG_DFL); });
         crash();
         return 0;
     }},
    {"handler_aborts",
     [] {
         std::signal(SIGSEGV, [](int) { std::abort(); });
         crash();
         return 0;
     }},
    {"handler_crashes",
     [] {
         set_action(
             SIGSEGV, [](int) { crash(); }, 0);
         crash();
         return 0;
     }},
    {"handler_only_once",
     [] {
         set_action(
             SIGSEGV, [](int) {}, SA_RESETHAND);
         crash();
         return 0;
     }},
    {"handler_of_abort_returns",
     [] {
         std::signal(SIGABRT, [](int) {});
         std::abort();
         return 0;
     }},
    {"fault_while_blocked",
     [] {
         sigset_t all, seen;
         sigfillset(&all);
         sigprocmask(SIG_SETMASK, &all, nullptr);
         sigprocmask(SIG_SETMASK, nullptr, &seen);
         std::printf("blocked: %d\n", sigismember(&seen, SIGSEGV));
         std::fflush(stdout);
         crash();
         return 0;
     }},
    {"recovered_then_abort",
     [] {
         std::signal(SIGSEGV, [](int) { siglongjmp(recovery, 1); });
         if (sigsetjmp(recovery, 1) == 0)
             crash();
         volatile char frame[20000];
         frame[0] = 1;
         std::abort();
         return 0;
     }},
    {"no_descriptors",
     [] {
         struct rlimit limit = {3, 3};
         setrlimit(RLIMIT_NOFILE, &limit);
         crash();
         return 0;
     }},
    {"closed_descriptors",
     [] {
         for (int fd = 0; fd < 100; fd++)
             close(fd);
         crash();
         return 0;
     }},
    {"no_memory",
     [] {
         struct rlimit limit = {1, 1};
         setrlimit(RLIMIT_AS, &limit);
         crash();
         return 0;
     }},
    {"seccomp_trap",
     [] {
         forbid(SYS_getuid, SECCOMP_RET_TRAP);
         syscall(SYS_getuid);
         return 0;
     }},

    {"small_stack_without_helper",
     [] {
         stack_t stack = {};
         stack.ss_sp =
             mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         stack.ss_size = 8192;
         sigaltstack(&stack, nullptr);
         forbid(SYS_clone, SECCOMP_RET_ERRNO | EPERM);
         return recurse(0);
     }},

    // These end without a report.
    {"handler_exits",
     [] {
         std::signal(SIGSEGV, reraise_and_exit);
         crash();
         return 0;
     }},
    {"handler_of_raise_returns",
     [] {
         std::signal(SIGABRT, [](int) {});
         std::raise(SIGABRT);
         return 7;
     }},
    {"recovers",
     [] {
         std::signal(SIGSEGV, [](int) { siglongjmp(recovery, 1); });
         for (volatile int i = 0; i < 1000; i = i + 1) {
             if (sigsetjmp(recovery, 1) == 0)
                 crash();
         }
         return 9;
     }},
    {"sent_while_blocked",
     [] {
         sigset_t set;
         sigfillset(&set);
         sigprocmask(SIG_SETMASK, &set, nullptr);
         kill(getpid(), SIGSEGV);
         sigpending(&set);
         std::printf("pending: %d\n", sigismember(&set, SIGSEGV));
         return 4;
     }},
    {"nested_recovery",
     [] {
         // As the JVM does: allow the signal in its own handler, and recover from it there again.
         std::signal(SIGSEGV, [](int signal) {
             static bool inner;
             if (inner)
                 siglongjmp(recovery, 1);
             inner = true;
             sigset_t set, seen;
             pthread_sigmask(SIG_SETMASK, nullptr, &seen);
             sigemptyset(&set);
             sigaddset(&set, signal);
             pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
             std::printf("was blocked: %d\n", sigismember(&seen, signal));
             if (sigsetjmp(recovery, 1) == 0)
                 crash();
             std::printf("recovered\n");
             std::exit(6);
         });
         crash();
         return 0;
     }},
    {"ignored",
     [] {
         kill(getpid(), SIGSEGV);
         kill(getpid(), SIGABRT);
         return 5;
     }},
    {"seccomp_kills_helper",
     [] {
         forbid(SYS_openat, SECCOMP_RET_KILL_THREAD);
         crash();
         return 0;
     }},
    {"seccomp_kills_clone",
     [] {
         forbid(SYS_clone, SECCOMP_RET_ERRNO | EPERM);
         crash();
         return 0;
     }},

    // What a program sees of its signals, its stack and its threads.
    {"looks",
     [] {
         struct sigaction action = {};
         stack_t stack = {};
         for (int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGTERM}) {
             sigaction(signal, nullptr, &action);
             std::printf("%d: default %d flags %x\n", signal, action.sa_handler == SIG_DFL,
                         static_cast<unsigned>(action.sa_flags));
         }
         std::printf("signal says %d\n", std::signal(SIGSEGV, reraise) == SIG_DFL);
         sigaction(SIGSEGV, nullptr, &action);
         std::printf("then %d flags %x mask %d\n", action.sa_handler == reraise,
                     static_cast<unsigned>(action.sa_flags), sigismember(&action.sa_mask, SIGSEGV));
         set_action(SIGUSR1, reraise, SA_RESTART);
         sigfillset(&action.sa_mask);
         sigaction(SIGUSR1, &action, nullptr);
         sigaction(SIGUSR1, nullptr, &action);
         std::printf("mask has %d %d\n", sigismember(&action.sa_mask, SIGSEGV),
                     sigismember(&action.sa_mask, SIGTERM));
         sigaltstack(nullptr, &stack);
         std::printf("stack flags %d size %zu\n", stack.ss_flags, stack.ss_size);
         run_threads(1, [](int) {
             stack_t inner = {};
             sigaltstack(nullptr, &inner);
             std::printf("thread stack flags %d\n", inner.ss_flags);
         });
         return 0;
     }},
};

} // namespace

int main(int argc, char **argv) {
    auto found = argc > 1 ? DEATHS.find(argv[1]) : DEATHS.end();
    return found == DEATHS.end() ? 64 : found->second();
}
