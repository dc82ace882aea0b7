/* SPDX-License-Identifier: MIT */
/*
 * Alternate stacks. Large, because the program's own SA_ONSTACK handlers run there too; touched
 * only when used. The program is shown that it has none, and one that sets its own keeps it, unless
 * that is so small that not even the kernel's frame is sure to fit.
 *
 * Async-signal-safe, as sigaltstack() is.
 */
#include "libcrashhook/altstack.h"

#include <errno.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "libcrashhook/dispositions.h"
#include "libcrashhook/hook.h"
#include "libcrashhook/syscalls.h"
#include "libcrashhook/text.h"

enum {
    STACK_SIZE = 256 * 1024,
    KEPT_STACKS = 16, /* of ended threads, for the next ones: mapping is the costly part */
    OWN_FRAMES = 1024,
    SMALLEST_ALLOWED = 2048, /* by the kernel; MINSIGSTKSZ is a call of sysconf() */
    NO_SUCH_WAY = 99,
};

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

static _Atomic(void *) kept[KEPT_STACKS];

/* Of threads that ended while they ran on it: free once the thread is gone. Kept in the lowest
 * bytes of the stack itself. */
struct left_behind {
    struct left_behind *next;
    int tid;
};
static _Atomic(struct left_behind *) left_behind;

size_t altstack_mapping_size(void) {
    return hook_settings.page_size + STACK_SIZE;
}

/* Not by madvise(): a program that goes through its writable mappings, as Redis does to test its
 * memory after a crash, would die of a guard that the list of mappings does not show. */
static void guard(void *mapping) {
    sys(SYS_mprotect, mapping, hook_settings.page_size, PROT_NONE);
}

static stack_t stack_in(void *mapping) {
    return (stack_t){.ss_sp = (uint8_t *)mapping + hook_settings.page_size, .ss_size = STACK_SIZE};
}

void altstack_install(void *mapping) {
    struct hook_thread *self = &hook_thread;
    stack_t stack = stack_in(mapping);

    if (sys(SYS_sigaltstack, &stack, NULL) == 0) {
        self->altstack = mapping;
        self->altstack_hidden = true;
    }
}

void altstack_adopt(void *mapping) {
    stack_t now;

    guard(mapping);
    if (sys(SYS_sigaltstack, NULL, &now) == 0 && (now.ss_flags & SS_DISABLE) != 0)
        altstack_install(mapping);
}

static void keep(void *mapping) {
    for (size_t i = 0; i < KEPT_STACKS; i++) {
        void *expected = NULL;
        if (atomic_load_explicit(&kept[i], memory_order_relaxed) == NULL &&
            atomic_compare_exchange_strong(&kept[i], &expected, mapping))
            return;
    }
    sys(SYS_munmap, mapping, altstack_mapping_size());
}

static void leave_behind(struct left_behind *stack) {
    stack->next = atomic_load(&left_behind);
    while (!atomic_compare_exchange_weak(&left_behind, &stack->next, stack))
        ;
}

static void collect(void) {
    struct left_behind *stack = atomic_exchange(&left_behind, NULL), *next;

    for (; stack != NULL; stack = next) {
        next = stack->next;
        if (sys(SYS_tgkill, sandbox_pid(), stack->tid, 0) == -ESRCH)
            keep((uint8_t *)stack - hook_settings.page_size);
        else
            leave_behind(stack);
    }
}

void *altstack_take(void) {
    long mapping;

    if (atomic_load_explicit(&left_behind, memory_order_relaxed) != NULL)
        collect();
    for (size_t i = 0; i < KEPT_STACKS; i++) {
        if (atomic_load_explicit(&kept[i], memory_order_relaxed) != NULL) {
            void *stack = atomic_exchange(&kept[i], NULL);
            if (stack != NULL)
                return stack;
        }
    }
    mapping = sys(SYS_mmap, NULL, altstack_mapping_size(), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (mapping < 0)
        return NULL;
    guard((void *)mapping);
    return (void *)mapping;
}

void altstack_give_back(void *mapping) {
    struct hook_thread *self = &hook_thread;
    const stack_t disabled = {.ss_flags = SS_DISABLE};
    stack_t stack = stack_in(mapping);
    uint64_t here = (uint64_t)__builtin_frame_address(0) - (uint64_t)stack.ss_sp;
    bool hidden = self->altstack_hidden;

    self->altstack_hidden = false;
    self->altstack = NULL;
    if (here < STACK_SIZE || (hidden && sys(SYS_sigaltstack, &disabled, NULL) < 0)) {
        struct left_behind *entry = stack.ss_sp;
        entry->tid = sandbox_tid();
        leave_behind(entry);
        return;
    }
    keep(mapping);
}

bool altstack_is_hidden(uint64_t address) {
    const struct hook_thread *self = &hook_thread;

    return self->altstack_hidden &&
           address - ((uint64_t)self->altstack + hook_settings.page_size) < STACK_SIZE;
}

void altstack_forget_unmapped(void) {
    const stack_t disabled = {.ss_flags = SS_DISABLE};
    stack_t now;
    uint64_t top;

    if (hook_thread.altstack_hidden ||
        sandbox_call(SYS_sigaltstack, 0, (long)&now, 0, 0, 0, 0) < 0 ||
        (now.ss_flags & (SS_DISABLE | SS_ONSTACK)) != 0)
        return;
    top = ((uint64_t)now.ss_sp + now.ss_size - sizeof top) & ~(uint64_t)7;
    if (sys_sigmask(SIG_BLOCK, NULL, (uint64_t *)top) == -EFAULT)
        sys(SYS_sigaltstack, &disabled, NULL);
}

static bool is_ours(const stack_t *stack) {
    return hook_thread.altstack != NULL &&
           stack->ss_sp == (uint8_t *)hook_thread.altstack + hook_settings.page_size;
}

/* May these bytes be read, and written? Asks the kernel, in calls that change nothing. */
static bool is_readable(const stack_t *stack) {
    const uint64_t *words = (const uint64_t *)stack;
    size_t last = sizeof *stack / sizeof *words - 1;

    return sys_sigmask(NO_SUCH_WAY, &words[0], NULL) != -EFAULT &&
           sys_sigmask(NO_SUCH_WAY, &words[last], NULL) != -EFAULT;
}

static bool is_writable(stack_t *stack) {
    uint64_t *words = (uint64_t *)stack;
    size_t last = sizeof *stack / sizeof *words - 1;

    return sys_sigmask(SIG_BLOCK, NULL, &words[0]) != -EFAULT &&
           sys_sigmask(SIG_BLOCK, NULL, &words[last]) != -EFAULT;
}

static size_t smallest_stack(void) {
    static _Atomic size_t known;
    size_t size = atomic_load_explicit(&known, memory_order_relaxed);

    if (size == 0) {
        size = getauxval(AT_MINSIGSTKSZ);
        if (size == 0)
            size = arch_signal_frame_max();
        size += OWN_FRAMES;
        atomic_store_explicit(&known, size, memory_order_relaxed);
    }
    return size;
}

/* On return from a handler the kernel goes back to the stack that there was before, but not to
 * none. For the program there was none: ours is replaced where the frames on it have saved it. */
static void change_saved(const stack_t *wanted) {
    const stack_t ours = stack_in(hook_thread.altstack);
    uint64_t *end = (uint64_t *)((uint64_t)ours.ss_sp + ours.ss_size);

    for (uint64_t *word = __builtin_frame_address(0); word + 3 <= end; word++) {
        if (word[0] == (uint64_t)ours.ss_sp && (uint32_t)word[1] == 0 && word[2] == ours.ss_size)
            text_copy(word, wanted, sizeof *wanted);
    }
}

/* In a handler that runs on our stack the kernel would refuse what it allows without us, where the
 * handler runs on a stack that is none of its business. */
static long set_stack(const stack_t *wanted, stack_t *old) {
    uint64_t all = ~(uint64_t)0, mask = 0;
    long result;

    if (wanted == NULL || !altstack_is_hidden((uint64_t)__builtin_frame_address(0)))
        return sys(SYS_sigaltstack, wanted, old);
    sys_sigmask(SIG_SETMASK, &all, &mask);
    result = arch_sigaltstack_elsewhere(wanted, old);
    sys_sigmask(SIG_SETMASK, &mask, NULL);
    if (result == 0)
        change_saved(wanted);
    return result;
}

static long set_ours(stack_t *seen) {
    const stack_t ours = stack_in(hook_thread.altstack);

    return set_stack(&ours, seen);
}

/* Changes what the program thinks it has; what it had goes to *seen. */
static long change(const stack_t *wanted, stack_t *seen) {
    struct hook_thread *self = &hook_thread;
    stack_t small = self->small_stack;
    unsigned mode = (unsigned)wanted->ss_flags & ~SS_AUTODISARM;
    long result;

    if (self->altstack != NULL && mode == SS_DISABLE) {
        result = set_ours(seen);
        self->small_stack.ss_size = 0;
    } else if (self->altstack != NULL && mode <= SS_ONSTACK &&
               wanted->ss_size >= SMALLEST_ALLOWED && wanted->ss_size < smallest_stack()) {
        result = set_ours(seen);
        self->small_stack = *wanted;
    } else {
        result = set_stack(wanted, seen);
        if (result < 0)
            return result;
        if (mode != SS_DISABLE)
            dispositions_own_stacks();
        self->altstack_hidden = false;
        self->small_stack.ss_size = 0;
        goto done;
    }
    if (result < 0) {
        self->small_stack = small;
        return result;
    }
    self->altstack_hidden = true;
done:
    if (is_ours(seen))
        *seen = small.ss_size != 0 ? small : (stack_t){.ss_flags = SS_DISABLE};
    return 0;
}

int altstack_set(const stack_t *wanted, stack_t *old) {
    stack_t seen, copy;
    long result;

    hook_start();
    if (!hook_settings.active || hook_in_vfork_child()) {
        result = sys(SYS_sigaltstack, wanted, old);
    } else if (wanted != NULL && !is_readable(wanted)) {
        result = -EFAULT;
    } else if (wanted != NULL) {
        text_copy(&copy, wanted, sizeof copy);
        result = change(&copy, &seen);
        if (result == 0 && old != NULL) {
            if (is_writable(old))
                text_copy(old, &seen, sizeof *old);
            else
                result = -EFAULT;
        }
    } else {
        result = sys(SYS_sigaltstack, NULL, old);
        if (result == 0 && old != NULL && is_ours(old)) {
            seen = hook_thread.small_stack.ss_size != 0 ? hook_thread.small_stack
                                                        : (stack_t){.ss_flags = SS_DISABLE};
            text_copy(old, &seen, sizeof *old);
        }
    }
    if (result == 0)
        return 0;
    errno = (int)-result;
    return -1;
}

EXPORT int sigaltstack(const stack_t *wanted, stack_t *old) __attribute__((nothrow, leaf))
__attribute__((alias("altstack_set")));
