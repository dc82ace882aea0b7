// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: deeper @write, fiber @call
// A stack between the program's variables.
#include <ucontext.h>
static ucontext_t main_context, fiber_context;
static _Alignas(16) char stack[16384];
static __attribute__((noinline)) void deeper(int *where) {
    *where = 1; // @write
}
static void fiber(void) {
    deeper(0); // @call
}
int main(void) {
    getcontext(&fiber_context);
    fiber_context.uc_stack.ss_sp = stack;
    fiber_context.uc_stack.ss_size = sizeof stack;
    fiber_context.uc_link = &main_context;
    makecontext(&fiber_context, fiber, 0);
    swapcontext(&main_context, &fiber_context);
    return 0;
}
