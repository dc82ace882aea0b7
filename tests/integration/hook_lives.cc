// SPDX-License-Identifier: MIT
// Programs that use signals in every way there is, by name: for dispositions_test.py, which runs
// them with and without the hook.
#undef NDEBUG
#include <cassert>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <aio.h>
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <ucontext.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

extern "C" int sigblock(int mask) noexcept;
extern "C" int sigsetmask(int mask) noexcept;
extern "C" int __sigaction(int, const struct sigaction *, struct sigaction *) noexcept;
extern "C" sighandler_t bsd_signal(int, sighandler_t) __asm__("bsd_signal");

namespace {

int *volatile null_pointer;
sigjmp_buf recovery;
volatile sig_atomic_t seen;

void say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::vprintf(format, arguments);
    va_end(arguments);
    std::fflush(stdout);
}

[[gnu::noinline]] void crash() {
    *null_pointer = 1;
}

[[gnu::noinline]] int recurse(int depth) {
    volatile char frame[512];
    frame[0] = static_cast<char>(depth);
    return recurse(depth + 1) + frame[0];
}

// Overwrites what earlier calls left on the stack.
[[gnu::noinline]] void scrub() {
    volatile char frame[16384];
    std::memset(const_cast<char *>(frame), 0, sizeof frame);
}

// Leaves what earlier calls left on the stack above itself.
template <typename F> [[gnu::noinline]] void far_below(F function) {
    volatile char frame[65536];
    frame[0] = 1;
    function();
    frame[1] = 2;
}

void note(int signal) {
    seen = signal;
}

void set_action(int signal, void (*handler)(int), int flags, bool full_mask = false) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    if (full_mask)
        sigfillset(&action.sa_mask);
    sigaction(signal, &action, nullptr);
}

void set_default(int signal) {
    set_action(signal, SIG_DFL, 0);
}

sigset_t only(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return set;
}

void block(int signal) {
    sigset_t set = only(signal);
    sigprocmask(SIG_BLOCK, &set, nullptr);
}

void show(const char *what, int signal) {
    struct sigaction action;
    std::memset(&action, 0x55, sizeof action);
    int result = sigaction(signal, nullptr, &action);
    say("%s: %d errno %d handler %s flags %x mask %016lx restorer %d\n", what, result,
        result < 0 ? errno : 0,
        action.sa_handler == SIG_DFL   ? "default"
        : action.sa_handler == SIG_IGN ? "ignore"
        : action.sa_handler == note    ? "note"
                                       : "other",
        static_cast<unsigned>(action.sa_flags),
        *reinterpret_cast<unsigned long *>(&action.sa_mask), action.sa_restorer != nullptr);
}

const char *name(sighandler_t handler) {
    return handler == SIG_DFL   ? "default"
           : handler == SIG_IGN ? "ignore"
           : handler == SIG_ERR ? "error"
           : handler == note    ? "note"
           : handler == reinterpret_cast<sighandler_t>(2) ? "hold"
                                                          : "other";
}

void show_mask(const char *what) {
    sigset_t set;
    sigprocmask(SIG_BLOCK, nullptr, &set);
    say("%s: %016lx\n", what, *reinterpret_cast<unsigned long *>(&set));
}

void on_stack(size_t size, unsigned flags = 0) {
    stack_t stack = {};
    stack.ss_sp = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack.ss_size = size;
    stack.ss_flags = static_cast<int>(flags);
    if (sigaltstack(&stack, nullptr) != 0)
        say("sigaltstack: %s\n", std::strerror(errno));
}

void show_stack(const char *what) {
    stack_t stack;
    std::memset(&stack, 0x55, sizeof stack);
    int result = sigaltstack(nullptr, &stack);
    say("%s: %d flags %x size %zu null %d\n", what, result, static_cast<unsigned>(stack.ss_flags),
        stack.ss_size, stack.ss_sp == nullptr);
}

int child_of(void (*function)()) {
    pid_t child = fork();
    if (child == 0) {
        function();
        _exit(77);
    }
    int status;
    waitpid(child, &status, 0);
    say("child: %x\n", static_cast<unsigned>(status & 0x7f ? status & 0x7f : status));
    return status;
}

int end_of(pid_t child) {
    int status;
    waitpid(child, &status, 0);
    say("child: %x\n", static_cast<unsigned>(status & 0x7f ? status & 0x7f : status));
    return 0;
}

ucontext_t main_context, other_context;
alignas(16) char other_stack[65536];

void *const BAD = reinterpret_cast<void *>(16);

struct kernel_action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)();
    unsigned long mask;
};

const std::map<std::string, int (*)()> PROGRAMS = {
    // What is shown.
    {"all_setters",
     [] {
         show("start", SIGSEGV);
         say("signal %s\n", name(signal(SIGSEGV, note)));
         show("signal", SIGSEGV);
         say("bsd_signal %s\n", name(bsd_signal(SIGSEGV, SIG_DFL)));
         show("bsd_signal", SIGSEGV);
         say("ssignal %s\n", name(ssignal(SIGSEGV, note)));
         show("ssignal", SIGSEGV);
         say("sysv_signal %s\n", name(sysv_signal(SIGSEGV, note)));
         show("sysv_signal", SIGSEGV);
         say("sigset %s\n", name(sigset(SIGSEGV, note)));
         show("sigset", SIGSEGV);
         say("sigset hold %s\n", name(sigset(SIGSEGV, reinterpret_cast<sighandler_t>(2))));
         show("sigset hold", SIGSEGV);
         show_mask("sigset hold");
         say("sigset default %s\n", name(sigset(SIGSEGV, SIG_DFL)));
         show("sigset default", SIGSEGV);
         show_mask("sigset default");
         say("sigignore %d\n", sigignore(SIGSEGV));
         show("sigignore", SIGSEGV);
         say("siginterrupt %d\n", siginterrupt(SIGSEGV, 1));
         say("signal %s\n", name(signal(SIGSEGV, note)));
         show("after siginterrupt", SIGSEGV);
         say("siginterrupt %d\n", siginterrupt(SIGSEGV, 0));
         show("siginterrupt 0", SIGSEGV);
         struct sigaction action = {};
         action.sa_handler = note;
         action.sa_flags = SA_NODEFER | SA_ONSTACK | SA_NOCLDSTOP;
         sigfillset(&action.sa_mask);
         say("aliased %d\n", sigaction(SIGSEGV, &action, &action));
         say("aliased %s %x\n", name(action.sa_handler), static_cast<unsigned>(action.sa_flags));
         show("sigaction", SIGSEGV);
         say("__sigaction %d\n", __sigaction(SIGSEGV, &action, nullptr));
         show("__sigaction", SIGSEGV);
         return 0;
     }},
    {"wrong_signals",
     [] {
         struct sigaction action = {};
         for (int number : {0, -1, 65, 1000, SIGKILL, SIGSTOP, 32, 33}) {
             errno = 0;
             int result = sigaction(number, &action, nullptr);
             say("%d: %d %d", number, result, errno);
             errno = 0;
             say(" %s %d", name(signal(number, note)), errno);
             errno = 0;
             say(" %s %d", name(sysv_signal(number, note)), errno);
             errno = 0;
             say(" %s %d", name(sigset(number, note)), errno);
             errno = 0;
             say(" %d %d", sigignore(number), errno);
             errno = 0;
             result = siginterrupt(number, 1);
             say(" %d %d", result, errno);
             errno = 0;
             result = sighold(number);
             say(" %d %d\n", result, result ? errno : 0);
         }
         errno = 0;
         say("%s", name(signal(SIGSEGV, SIG_ERR)));
         say(" %d\n", errno);
         errno = 0;
         say("%s", name(sigset(SIGSEGV, SIG_ERR)));
         say(" %d\n", errno);
         return 0;
     }},
    {"bad_pointers",
     [] {
         auto call = [](const char *what, long result) {
             say("%s: %ld %d\n", what, result, result < 0 ? errno : 0);
         };
         stack_t stack = {};
         stack.ss_flags = SS_DISABLE;
         call("sigaltstack bad", sigaltstack(static_cast<stack_t *>(BAD), nullptr));
         call("sigaltstack bad old", sigaltstack(nullptr, static_cast<stack_t *>(BAD)));
         call("sigaltstack set bad old", sigaltstack(&stack, static_cast<stack_t *>(BAD)));
         stack.ss_flags = 0x77;
         call("sigaltstack flags", sigaltstack(&stack, nullptr));
         stack.ss_flags = SS_DISABLE | 4;
         call("sigaltstack disable flags", sigaltstack(&stack, nullptr));
         stack.ss_flags = 0;
         stack.ss_size = 100;
         call("sigaltstack small", sigaltstack(&stack, nullptr));
         call("sigprocmask", sigprocmask(SIG_BLOCK, nullptr, static_cast<sigset_t *>(BAD)));
         sigset_t set = only(SIGUSR1);
         call("sigprocmask how", sigprocmask(77, &set, nullptr));
         call("sigprocmask how null", sigprocmask(77, nullptr, nullptr));
         call("pthread_sigmask", pthread_sigmask(77, &set, nullptr));
         call("rt_sigaction bad", syscall(SYS_rt_sigaction, SIGSEGV, BAD, nullptr, 8));
         call("rt_sigaction bad old", syscall(SYS_rt_sigaction, SIGSEGV, nullptr, BAD, 8));
         call("rt_sigaction size", syscall(SYS_rt_sigaction, SIGSEGV, nullptr, nullptr, 4));
         call("rt_sigaction number", syscall(SYS_rt_sigaction, 99, nullptr, nullptr, 8));
         call("rt_sigprocmask bad", syscall(SYS_rt_sigprocmask, SIG_BLOCK, BAD, nullptr, 8));
         call("rt_sigprocmask bad old", syscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, BAD, 8));
         call("rt_sigprocmask how", syscall(SYS_rt_sigprocmask, 77, &set, nullptr, 8));
         call("sigaltstack call", syscall(SYS_sigaltstack, BAD, nullptr));
         return 0;
     }},
    {"masks_shown",
     [] {
         show_mask("start");
         block(SIGSEGV);
         show_mask("blocked");
         sighold(SIGBUS);
         show_mask("sighold");
         sigrelse(SIGSEGV);
         show_mask("sigrelse");
         say("sigblock %x\n", sigblock(1 << (SIGFPE - 1)));
         show_mask("sigblock");
         say("sigsetmask %x\n", sigsetmask(1 << (SIGILL - 1)));
         show_mask("sigsetmask");
         sigset_t all, old;
         sigfillset(&all);
         pthread_sigmask(SIG_SETMASK, &all, &old);
         show_mask("all");
         std::thread([] { show_mask("thread"); }).join();
         pthread_sigmask(SIG_SETMASK, &old, nullptr);
         show_mask("back");
         unsigned long raw = 0;
         syscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &raw, 8);
         say("raw %lx\n", raw);
         raw = 1UL << (SIGSEGV - 1);
         syscall(SYS_rt_sigprocmask, SIG_SETMASK, &raw, nullptr, 8);
         show_mask("raw set");
         return 0;
     }},
    {"mask_in_handler",
     [] {
         set_action(
             SIGSEGV,
             [](int) {
                 show_mask("handler");
                 sigset_t set = only(SIGSEGV);
                 sigprocmask(SIG_UNBLOCK, &set, nullptr);
                 show_mask("unblocked");
                 siglongjmp(recovery, 1);
             },
             0, true);
         if (sigsetjmp(recovery, 1) == 0)
             crash();
         show_mask("after");
         return 0;
     }},
    {"thread_attributes",
     [] {
         sigset_t all, none;
         sigfillset(&all);
         sigemptyset(&none);
         pthread_sigmask(SIG_SETMASK, &all, nullptr);
         pthread_attr_t attributes;
         pthread_attr_init(&attributes);
         auto run = [](void *) -> void * { return show_mask("thread"), nullptr; };
         pthread_t thread;
         pthread_create(&thread, &attributes, run, nullptr);
         pthread_join(thread, nullptr);
         pthread_attr_setsigmask_np(&attributes, &none);
         pthread_create(&thread, &attributes, run, nullptr);
         pthread_join(thread, nullptr);
         pthread_sigmask(SIG_SETMASK, &none, nullptr);
         all = only(SIGSEGV);
         pthread_attr_setsigmask_np(&attributes, &all);
         pthread_create(&thread, &attributes, run, nullptr);
         pthread_join(thread, nullptr);
         return 0;
     }},
    {"reset_handler_shown",
     [] {
         set_action(SIGSEGV, note, static_cast<int>(SA_RESETHAND) | SA_NODEFER);
         raise(SIGSEGV);
         say("seen %d\n", seen);
         show("reset", SIGSEGV);
         return 0;
     }},
    {"raw_sigaction",
     [] {
         kernel_action action = {}, old = {};
         struct sigaction shown;
         sigaction(SIGUSR1, nullptr, &shown);
         set_action(SIGUSR1, note, 0);
         syscall(SYS_rt_sigaction, SIGUSR1, nullptr, &action, 8);
         say("%d\n", action.handler == note);
         say("%ld ", syscall(SYS_rt_sigaction, SIGSEGV, &action, &old, 8));
         say("%s %lx %lx\n", name(old.handler), old.flags, old.mask);
         show("raw", SIGSEGV);
         raise(SIGSEGV);
         say("seen %d\n", seen);
         syscall(SYS_rt_sigaction, SIGSEGV, nullptr, &old, 8);
         say("%s %lx %lx %d\n", name(old.handler), old.flags, old.mask, old.restorer != nullptr);
         return 0;
     }},
    {"many_handlers",
     [] {
         for (int i = 0; i < 5000; i++) {
             struct sigaction action = {}, old;
             action.sa_handler = reinterpret_cast<sighandler_t>(0x1000 + i);
             sigaction(SIGSEGV, &action, nullptr);
             sigaction(SIGSEGV, nullptr, &old);
             if (old.sa_handler != action.sa_handler)
                 return 1;
         }
         set_action(SIGSEGV, note, 0);
         raise(SIGSEGV);
         say("seen %d\n", seen);
         set_default(SIGSEGV);
         return 0;
     }},
    {"setters_at_once",
     [] {
         std::vector<std::thread> threads;
         for (int i = 0; i < 4; i++)
             threads.emplace_back([i] {
                 for (int j = 0; j < 3000; j++)
                     set_action(SIGSEGV, i % 2 ? note : SIG_DFL, j % 2 ? SA_NODEFER : 0);
             });
         for (auto &thread : threads)
             thread.join();
         set_action(SIGSEGV, note, 0);
         raise(SIGSEGV);
         say("seen %d\n", seen);
         return 0;
     }},

    // Waiting.
    {"sigsuspend",
     [] {
         signal(SIGSEGV, note);
         sigset_t none;
         sigemptyset(&none);
         block(SIGSEGV);
         kill(getpid(), SIGSEGV);
         say("seen %d\n", seen);
         int result = sigsuspend(&none);
         say("seen %d result %d errno %d\n", seen, result, errno);
         show_mask("after");
         return 0;
     }},
    {"sigsuspend_all_but",
     [] {
         signal(SIGSEGV, note);
         signal(SIGUSR1, [](int) {});
         block(SIGSEGV);
         block(SIGUSR1);
         kill(getpid(), SIGSEGV);
         kill(getpid(), SIGUSR1);
         sigset_t all;
         sigfillset(&all);
         sigdelset(&all, SIGUSR1);
         sigsuspend(&all);
         say("seen %d\n", seen);
         sigset_t set = only(SIGSEGV);
         sigprocmask(SIG_UNBLOCK, &set, nullptr);
         say("seen %d\n", seen);
         return 0;
     }},
    {"sigpause",
     [] {
         signal(SIGSEGV, note);
         sighold(SIGSEGV);
         raise(SIGSEGV);
         say("seen %d\n", seen);
         say("%d %d\n", sigpause(SIGSEGV), errno);
         say("seen %d\n", seen);
         show_mask("after");
         return 0;
     }},
    {"ppoll",
     [] {
         signal(SIGSEGV, note);
         block(SIGSEGV);
         kill(getpid(), SIGSEGV);
         sigset_t none;
         sigemptyset(&none);
         say("%d %d\n", ppoll(nullptr, 0, nullptr, &none), errno);
         say("seen %d\n", seen);
         seen = 0;
         kill(getpid(), SIGSEGV);
         say("%d %d\n", pselect(0, nullptr, nullptr, nullptr, nullptr, &none), errno);
         say("seen %d\n", seen);
         seen = 0;
         kill(getpid(), SIGSEGV);
         int fd = epoll_create1(0);
         struct epoll_event event;
         say("%d %d\n", epoll_pwait(fd, &event, 1, -1, &none), errno);
         say("seen %d\n", seen);
         show_mask("after");
         return 0;
     }},
    {"sigwait_sent",
     [] {
         block(SIGSEGV);
         kill(getpid(), SIGSEGV);
         sigset_t set = only(SIGSEGV);
         int number = 0;
         say("%d", sigwait(&set, &number));
         say(" %d\n", number);
         union sigval value = {};
         value.sival_int = 42;
         sigqueue(getpid(), SIGSEGV, value);
         siginfo_t info = {};
         say("%d", sigwaitinfo(&set, &info));
         say(" code %d value %d mine %d\n", info.si_code, info.si_value.sival_int,
             info.si_pid == getpid());
         raise(SIGSEGV);
         struct timespec limit = {5, 0};
         say("%d", sigtimedwait(&set, &info, &limit));
         say(" code %d\n", info.si_code);
         return 0;
     }},
    {"sigwait_thread",
     [] {
         sigset_t all;
         sigfillset(&all);
         pthread_sigmask(SIG_SETMASK, &all, nullptr);
         std::thread waiter([] {
             sigset_t set = only(SIGSEGV);
             for (int i = 0; i < 3; i++) {
                 int number = 0;
                 sigwait(&set, &number);
                 say("got %d\n", number);
             }
         });
         std::thread idle([] {
             sigset_t set = only(SIGUSR2);
             int number;
             sigwait(&set, &number);
         });
         for (int i = 0; i < 3; i++) {
             kill(getpid(), SIGSEGV);
             sigset_t pending;
             do {
                 usleep(1000);
                 sigpending(&pending);
             } while (sigismember(&pending, SIGSEGV));
         }
         waiter.join();
         pthread_kill(idle.native_handle(), SIGUSR2);
         idle.join();
         return 0;
     }},
    {"signalfd",
     [] {
         block(SIGSEGV);
         sigset_t set = only(SIGSEGV);
         int fd = signalfd(-1, &set, SFD_CLOEXEC);
         kill(getpid(), SIGSEGV);
         struct signalfd_siginfo info;
         say("%zd", read(fd, &info, sizeof info));
         say(" %u %d\n", info.ssi_signo, info.ssi_code);
         return 0;
     }},
    {"sent_twice_while_blocked",
     [] {
         signal(SIGSEGV, note);
         block(SIGSEGV);
         kill(getpid(), SIGSEGV);
         kill(getpid(), SIGSEGV);
         sigset_t set = only(SIGSEGV);
         say("seen %d\n", seen);
         sigprocmask(SIG_UNBLOCK, &set, nullptr);
         say("seen %d\n", seen);
         return 0;
     }},

    // Recovering.
    {"recover_alternate",
     [] {
         on_stack(65536);
         set_action(
             SIGSEGV, [](int) { siglongjmp(recovery, 1); }, SA_ONSTACK);
         for (volatile int i = 0; i < 100; i = i + 1)
             if (sigsetjmp(recovery, 1) == 0)
                 crash();
         return 0;
     }},
    {"recover_overflow",
     [] {
         on_stack(65536);
         set_action(
             SIGSEGV, [](int) { siglongjmp(recovery, 1); }, SA_ONSTACK);
         for (volatile int i = 0; i < 3; i = i + 1)
             if (sigsetjmp(recovery, 1) == 0)
                 recurse(0);
         return 0;
     }},
    {"recover_exception",
     [] {
         set_action(
             SIGSEGV, [](int) { throw std::runtime_error("fault"); }, SA_NODEFER);
         for (volatile int i = 0; i < 100; i = i + 1) {
             try {
                 crash();
             } catch (const std::exception &error) {
                 seen = seen + 1;
             }
         }
         say("%d\n", seen);
         return 0;
     }},
    {"recover_context",
     [] {
         signal(SIGSEGV, [](int) {
             seen = seen + 1;
             setcontext(&main_context);
         });
         getcontext(&main_context);
         if (seen < 50)
             crash();
         say("%d\n", seen);
         return 0;
     }},
    {"recover_by_return",
     [] {
         struct sigaction action = {};
         static void *page =
             mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         action.sa_sigaction = [](int, siginfo_t *info, void *) {
             mprotect(page, 4096, PROT_READ | PROT_WRITE);
             seen = info->si_addr == page;
         };
         action.sa_flags = SA_SIGINFO;
         sigaction(SIGSEGV, &action, nullptr);
         *static_cast<volatile int *>(page) = 1;
         say("%d\n", seen);
         return 0;
     }},
    {"chained_handlers",
     [] {
         static struct sigaction first;
         signal(SIGSEGV, [](int) { siglongjmp(recovery, 1); });
         struct sigaction action = {};
         action.sa_handler = [](int number) {
             say("second\n");
             first.sa_handler(number);
         };
         sigaction(SIGSEGV, &action, &first);
         if (sigsetjmp(recovery, 1) == 0)
             crash();
         say("back\n");
         return 0;
     }},
    {"coroutine_in_handler",
     [] {
         // A handler that swaps away and is swapped back.
         signal(SIGSEGV, [](int) {
             say("handler\n");
             swapcontext(&main_context, &other_context);
             say("handler again\n");
             siglongjmp(recovery, 1);
         });
         getcontext(&other_context);
         other_context.uc_stack.ss_sp = other_stack;
         other_context.uc_stack.ss_size = sizeof other_stack;
         other_context.uc_link = &main_context;
         makecontext(
             &other_context, [] { say("coroutine\n"); }, 0);
         if (sigsetjmp(recovery, 1) == 0)
             crash();
         say("back\n");
         return 0;
     }},
    {"pthread_exit_in_handler",
     [] {
         signal(SIGSEGV, [](int) { pthread_exit(nullptr); });
         for (int i = 0; i < 20; i++)
             std::thread([] {
                 if (seen == 0)
                     crash();
             }).join();
         say("alive\n");
         return 0;
     }},
    {"exit_in_handler",
     [] {
         std::atexit([] { say("at exit\n"); });
         signal(SIGSEGV, [](int) { std::exit(3); });
         crash();
         return 0;
     }},
    {"quick_exit_in_handler",
     [] {
         at_quick_exit([] { say("at quick exit\n"); });
         signal(SIGSEGV, [](int) { std::quick_exit(4); });
         crash();
         return 0;
     }},
    {"underscore_exit_in_handler",
     [] {
         signal(SIGSEGV, [](int) { _exit(5); });
         crash();
         return 0;
     }},
    {"call_exit_in_handler",
     [] {
         signal(SIGSEGV, [](int) { syscall(SYS_exit_group, 6); });
         crash();
         return 0;
     }},
    {"exit_in_handler_of_thread",
     [] {
         signal(SIGSEGV, [](int) { std::exit(7); });
         std::thread([] { pause(); }).detach();
         std::thread([] { crash(); }).join();
         return 0;
     }},
    {"ignored_aborts_raised",
     [] {
         signal(SIGABRT, SIG_IGN);
         raise(SIGABRT);
         kill(getpid(), SIGABRT);
         return 5;
     }},
    {"abort_recovered",
     [] {
         signal(SIGABRT, [](int) { siglongjmp(recovery, 1); });
         if (sigsetjmp(recovery, 1) == 0)
             std::abort();
         say("alive\n");
         return 6;
     }},
    {"raise_in_exit_with_handler",
     [] {
         signal(SIGABRT, note);
         std::atexit([] {
             raise(SIGABRT);
             say("seen %d\n", seen);
         });
         return 0;
     }},

    // Children.
    {"vfork_child_changes",
     [] {
         signal(SIGBUS, note);
         pid_t child = vfork();
         if (child == 0) {
             struct sigaction action = {}, old;
             action.sa_handler = SIG_IGN;
             sigaction(SIGSEGV, &action, &old);
             signal(SIGBUS, SIG_DFL);
             block(SIGILL);
             _exit(old.sa_handler == SIG_DFL ? 11 : 12);
         }
         end_of(child);
         show("parent", SIGSEGV);
         show("parent", SIGBUS);
         show_mask("parent");
         raise(SIGBUS);
         say("seen %d\n", seen);
         return 0;
     }},
    {"posix_shell",
     [] {
         block(SIGSEGV);
         say("%x\n", static_cast<unsigned>(std::system("exit 3")));
         return 0;
     }},
    {"inherited_by_exec",
     [] {
         signal(SIGSEGV, note);
         signal(SIGBUS, SIG_IGN);
         std::fflush(stdout);
         execl("/proc/self/exe", "lives", "exec_target", nullptr);
         return 1;
     }},
    {"exec_target",
     [] {
         for (int number : {SIGSEGV, SIGBUS, SIGABRT, SIGILL})
             show("inherited", number);
         show_mask("inherited");
         return 0;
     }},

    // Alternate stacks.
    {"stacks_shown",
     [] {
         show_stack("start");
         on_stack(16384);
         show_stack("own");
         stack_t off = {}, old;
         off.ss_flags = SS_DISABLE;
         say("%d", sigaltstack(&off, &old));
         say(" %zu %d\n", old.ss_size, old.ss_flags);
         show_stack("off");
         on_stack(2048);
         show_stack("smallest");
         on_stack(32768, 1U << 31);
         show_stack("autodisarm");
         std::thread([] {
             show_stack("thread");
             on_stack(8192);
             show_stack("thread's own");
         }).join();
         return 0;
     }},
    {"large_handler",
     [] {
         set_action(
             SIGUSR1,
             [](int) {
                 volatile char large[100 * 1024];
                 for (size_t i = 0; i < sizeof large; i += 512)
                     large[i] = 1;
                 seen = large[512];
             },
             SA_ONSTACK);
         raise(SIGUSR1);
         std::thread([] { raise(SIGUSR1); }).join();
         say("%d\n", seen);
         return 0;
     }},
    {"stack_set_in_handler",
     [] {
         set_action(
             SIGUSR1,
             [](int) {
                 show_stack("in handler");
                 on_stack(65536);
                 show_stack("set in handler");
             },
             SA_ONSTACK);
         raise(SIGUSR1);
         show_stack("after");
         set_action(
             SIGSEGV,
             [](int) {
                 on_stack(65536);
                 siglongjmp(recovery, 1);
             },
             SA_ONSTACK);
         if (sigsetjmp(recovery, 1) == 0)
             crash();
         show_stack("after a jump");
         return 0;
     }},
    {"stack_set_on_own",
     [] {
         on_stack(65536);
         set_action(
             SIGUSR1,
             [](int) {
                 show_stack("in handler");
                 on_stack(65536);
             },
             SA_ONSTACK);
         raise(SIGUSR1);
         return 0;
     }},
    {"coroutine_by_signal_stack",
     [] {
         // As GNU Pth and QEMU make coroutines: on the stack of a signal that was sent to oneself.
         static sigjmp_buf inner, outer;
         stack_t stack = {}, old;
         stack.ss_sp = other_stack;
         stack.ss_size = sizeof other_stack;
         sigaltstack(&stack, &old);
         set_action(
             SIGUSR1,
             [](int) {
                 if (sigsetjmp(inner, 0) == 0)
                     return;
                 say("coroutine\n");
                 siglongjmp(outer, 1);
             },
             SA_ONSTACK);
         raise(SIGUSR1);
         say("%d\n", sigaltstack(&old, nullptr));
         show_stack("back");
         for (volatile int i = 0; i < 3; i = i + 1)
             if (sigsetjmp(outer, 0) == 0)
                 siglongjmp(inner, 1);
         return 0;
     }},
    {"many_threads",
     [] {
         auto count = [] {
             FILE *file = std::fopen("/proc/self/maps", "r");
             int lines = 0, c;
             while ((c = std::getc(file)) != EOF)
                 lines += c == '\n';
             std::fclose(file);
             return lines;
         };
         int before = 0;
         pthread_attr_t attributes;
         pthread_attr_init(&attributes);
         pthread_attr_setstacksize(&attributes, 65536);
         set_action(
             SIGUSR1, [](int) { pthread_exit(nullptr); }, SA_ONSTACK);
         for (int i = 0; i < 10000; i++) {
             pthread_t thread;
             void *(*run)(void *) = [](void *) -> void * { return nullptr; };
             if (i % 4 == 1)
                 run = [](void *) -> void * { pthread_exit(nullptr); };
             else if (i % 4 == 2)
                 run = [](void *) -> void * { return pause(), nullptr; };
             else if (i % 4 == 3)
                 run = [](void *) -> void * { return raise(SIGUSR1), nullptr; };
             pthread_create(&thread, &attributes, run, nullptr);
             if (i % 4 == 2)
                 pthread_cancel(thread);
             pthread_join(thread, nullptr);
             if (i == 200)
                 before = count();
         }
         say("%s\n", count() - before < 20 ? "no leak" : "leak");
         return 0;
     }},
    {"all_keys",
     [] {
         std::thread([] {}).join();
         pthread_key_t key;
         int keys = 0;
         while (pthread_key_create(&key, nullptr) == 0)
             keys++;
         say("%d keys\n", keys);
         for (int i = 0; i < 100; i++)
             std::thread([] {}).join();
         return 0;
     }},
    {"main_thread_ends",
     [] {
         std::thread([] {
             usleep(20000);
             say("still here\n");
             std::exit(8);
         }).detach();
         pthread_exit(nullptr);
         return 0;
     }},
    {"c11_threads",
     [] {
         thrd_t thread;
         int result = 0;
         say("%d", thrd_create(
                       &thread, [](void *argument) { return *static_cast<int *>(argument) + 1; },
                       new int(41)));
         thrd_join(thread, &result);
         say(" %d\n", result);
         return 0;
     }},
    {"five_hundred_threads",
     [] {
         std::vector<std::thread> threads;
         for (int i = 0; i < 500; i++)
             threads.emplace_back([] { show_stack("thread"); });
         for (auto &thread : threads)
             thread.join();
         return 0;
     }},

    // Dying.
    {"longjmp_keeps_it_blocked",
     [] {
         // The second fault finds its signal blocked, since longjmp() leaves the mask as it was.
         static jmp_buf buffer;
         signal(SIGSEGV, [](int) {
             say("handler\n");
             longjmp(buffer, 1);
         });
         for (volatile int i = 0; i < 3; i = i + 1)
             if (setjmp(buffer) == 0)
                 crash();
         return 0;
     }},
    {"exception_keeps_it_blocked",
     [] {
         signal(SIGSEGV, [](int) { throw 1; });
         for (volatile int i = 0; i < 3; i = i + 1) {
             try {
                 crash();
             } catch (int) {
                 say("caught\n");
             }
         }
         return 0;
     }},
    {"other_fault_blocked_in_handler",
     [] {
         // sa_mask holds SIGILL: its handler must not run.
         signal(SIGILL, [](int) { _exit(9); });
         set_action(
             SIGSEGV, [](int) { __builtin_trap(); }, 0, true);
         crash();
         return 0;
     }},
    {"redis",
     [] {
         struct sigaction action = {};
         action.sa_sigaction = [](int number, siginfo_t *, void *) {
             say("crash report\n");
             set_default(number);
             kill(getpid(), number);
         };
         action.sa_flags = SA_NODEFER | static_cast<int>(SA_RESETHAND) | SA_SIGINFO;
         sigaction(SIGSEGV, &action, nullptr);
         crash();
         return 0;
     }},
    {"redis_thread",
     [] {
         struct sigaction action = {};
         action.sa_sigaction = [](int number, siginfo_t *, void *) {
             set_default(number);
             kill(getpid(), number);
             for (;;)
                 pause();
         };
         action.sa_flags = SA_SIGINFO;
         sigaction(SIGSEGV, &action, nullptr);
         std::thread([] { crash(); }).join();
         return 0;
     }},
    {"redis_thread_abort",
     [] {
         struct sigaction action = {};
         action.sa_sigaction = [](int number, siginfo_t *, void *) {
             set_default(number);
             kill(getpid(), number);
             for (;;)
                 pause();
         };
         action.sa_flags = SA_SIGINFO;
         sigaction(SIGABRT, &action, nullptr);
         std::thread([] { std::abort(); }).join();
         return 0;
     }},
    {"faulthandler",
     [] {
         static struct sigaction previous;
         struct sigaction action = {};
         action.sa_handler = [](int number) {
             sigaction(number, &previous, nullptr);
             raise(number);
         };
         action.sa_flags = SA_NODEFER;
         sigaction(SIGSEGV, &action, &previous);
         crash();
         return 0;
     }},
    {"rust",
     [] {
         struct sigaction action = {};
         on_stack(16384);
         action.sa_sigaction = [](int number, siginfo_t *, void *) { set_default(number); };
         action.sa_flags = SA_SIGINFO | SA_ONSTACK;
         sigaction(SIGSEGV, &action, nullptr);
         recurse(0);
         return 0;
     }},
    {"go_default",
     [] {
         // Its runtime asks for the default action together with the flags of a handler.
         struct sigaction action = {};
         action.sa_handler = SIG_DFL;
         action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
         sigfillset(&action.sa_mask);
         sigaction(SIGSEGV, &action, nullptr);
         crash();
         return 0;
     }},
    {"sent_from_outside_reraised",
     [] {
         signal(SIGTERM, SIG_DFL);
         signal(SIGSEGV, [](int number) {
             signal(number, SIG_DFL);
             raise(number);
         });
         pid_t parent = getpid(), child = fork();
         if (child == 0) {
             kill(parent, SIGSEGV);
             _exit(0);
         }
         for (;;)
             pause();
         return 0;
     }},
    {"abort_ignored",
     [] {
         signal(SIGABRT, SIG_IGN);
         say("before\n");
         std::abort();
         return 0;
     }},
    {"abort_blocked",
     [] {
         block(SIGABRT);
         std::abort();
         return 0;
     }},
    {"abort_blocked_handler",
     [] {
         signal(SIGABRT, [](int) { say("handler\n"); });
         block(SIGABRT);
         std::abort();
         return 0;
     }},
    {"abort_handler_returns",
     [] {
         signal(SIGABRT, [](int) { say("handler\n"); });
         std::abort();
         return 0;
     }},
    {"abort_after_fault",
     [] {
         signal(SIGABRT, [](int) { say("abort handler\n"); });
         signal(SIGSEGV, [](int) { std::abort(); });
         crash();
         return 0;
     }},
    {"terminate_ignored",
     []() -> int {
         signal(SIGABRT, SIG_IGN);
         throw std::runtime_error("nobody catches this");
     }},
    {"assert_ignored",
     [] {
         signal(SIGABRT, SIG_IGN);
         assert(seen == 99);
         return 0;
     }},
    {"raw_default",
     [] {
         kernel_action action = {};
         signal(SIGSEGV, note);
         syscall(SYS_rt_sigaction, SIGSEGV, &action, nullptr, 8);
         crash();
         return 0;
     }},
    {"raw_mask",
     [] {
         unsigned long all = ~0UL;
         syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, nullptr, 8);
         crash();
         return 0;
     }},
    {"mask_from_context",
     [] {
         getcontext(&main_context);
         if (seen == 0) {
             seen = 1;
             sigfillset(&main_context.uc_sigmask);
             setcontext(&main_context);
         }
         crash();
         return 0;
     }},
    {"mask_from_handler_context",
     [] {
         struct sigaction action = {};
         static void *page =
             mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         action.sa_sigaction = [](int, siginfo_t *, void *context) {
             sigfillset(&static_cast<ucontext_t *>(context)->uc_sigmask);
             mprotect(page, 4096, PROT_READ | PROT_WRITE);
         };
         action.sa_flags = SA_SIGINFO;
         sigaction(SIGSEGV, &action, nullptr);
         *static_cast<volatile int *>(page) = 1;
         crash();
         return 0;
     }},
    {"stale_jump",
     [] {
         signal(SIGSEGV, [](int) { siglongjmp(recovery, 1); });
         if (sigsetjmp(recovery, 1) == 0)
             crash();
         far_below([] { std::abort(); });
         return 0;
     }},
    {"stale_exception",
     [] {
         set_action(
             SIGSEGV, [](int) { throw 1; }, SA_NODEFER);
         try {
             crash();
         } catch (int) {
         }
         far_below([] { std::abort(); });
         return 0;
     }},
    {"stale_context",
     [] {
         signal(SIGSEGV, [](int) {
             seen = 1;
             setcontext(&main_context);
         });
         getcontext(&main_context);
         if (seen == 0)
             crash();
         far_below([] { std::abort(); });
         return 0;
     }},
    {"stale_thread",
     [] {
         signal(SIGSEGV, [](int) { pthread_exit(nullptr); });
         std::thread([] { crash(); }).join();
         std::thread([] { far_below([] { std::abort(); }); }).join();
         return 0;
     }},
    {"stale_giving_up",
     [] {
         // One thread recovers after it had put back the default action; another one is killed.
         std::thread([] {
             signal(SIGSEGV, [](int number) {
                 signal(number, SIG_DFL);
                 siglongjmp(recovery, 1);
             });
             if (sigsetjmp(recovery, 1) == 0)
                 crash();
         }).join();
         kill(getpid(), SIGSEGV);
         return 0;
     }},
    {"jump_within_handler",
     [] {
         signal(SIGSEGV, [](int number) {
             static jmp_buf local;
             if (setjmp(local) == 0)
                 longjmp(local, 1);
             signal(number, SIG_DFL);
             raise(number);
         });
         crash();
         return 0;
     }},
    {"overflow_c11",
     [] {
         thrd_t thread;
         thrd_create(
             &thread, [](void *) { return recurse(0); }, nullptr);
         thrd_join(thread, nullptr);
         return 0;
     }},
    {"overflow_smallest_thread",
     [] {
         pthread_attr_t attributes;
         pthread_t thread;
         pthread_attr_init(&attributes);
         pthread_attr_setstacksize(&attributes, static_cast<size_t>(PTHREAD_STACK_MIN));
         pthread_create(
             &thread, &attributes,
             [](void *) -> void * { return reinterpret_cast<void *>(recurse(0)); }, nullptr);
         pthread_join(thread, nullptr);
         return 0;
     }},
    {"overflow_disabled_stack",
     [] {
         stack_t off = {};
         off.ss_flags = SS_DISABLE;
         sigaltstack(&off, nullptr);
         return recurse(0);
     }},
    {"overflow_small_limit",
     [] {
         struct rlimit limit = {256 * 1024, 256 * 1024};
         setrlimit(RLIMIT_STACK, &limit);
         return recurse(0);
     }},
    {"overflow_coroutine",
     [] {
         char *stack = static_cast<char *>(
             mmap(nullptr, 131072, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
         mprotect(stack + 65536, 65536, PROT_READ | PROT_WRITE);
         getcontext(&other_context);
         other_context.uc_stack.ss_sp = stack + 65536;
         other_context.uc_stack.ss_size = 65536;
         makecontext(
             &other_context, [] { recurse(0); }, 0);
         swapcontext(&main_context, &other_context);
         return 0;
     }},
    {"overflow_handler_without_stack",
     [] {
         // The kernel cannot call it.
         set_action(
             SIGSEGV, [](int) { _exit(3); }, 0);
         return recurse(0);
     }},
    {"overflow_handler_asks_for_stack",
     [] {
         // It has none, so the kernel cannot call it either.
         set_action(
             SIGSEGV, [](int) { _exit(3); }, SA_ONSTACK);
         return recurse(0);
     }},
    {"overflow_thread_handler_without_stack",
     [] {
         set_action(
             SIGSEGV, [](int) { _exit(3); }, 0);
         std::thread([] { recurse(0); }).join();
         return 0;
     }},
    {"tiny_stack",
     [] {
         on_stack(2048);
         crash();
         return 0;
     }},
    {"tiny_stack_abort",
     [] {
         on_stack(2048);
         std::abort();
         return 0;
     }},
    {"vfork_child_dies",
     [] {
         pid_t child = vfork();
         if (child == 0) {
             signal(SIGBUS, SIG_DFL);
             *null_pointer = 1;
             _exit(1);
         }
         end_of(child);
         show("parent", SIGSEGV);
         return 0;
     }},
    {"handler_faults",
     [] {
         set_action(
             SIGSEGV, [](int) { *reinterpret_cast<volatile int *>(0x77) = 1; }, SA_NODEFER);
         // Without an end: until the stack overflows.
         crash();
         return 0;
     }},
};

} // namespace

int main(int argc, char **argv) {
    auto found = argc > 1 ? PROGRAMS.find(argv[1]) : PROGRAMS.end();
    return found == PROGRAMS.end() ? 64 : found->second();
}
