// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: fiber @write
#include <stdlib.h>
#include <ucontext.h>
static ucontext_t main_context, fiber_context;
static void fiber(void) {
    *(volatile int *)0 = 1; // @write
}
int main(void) {
    getcontext(&fiber_context);
    fiber_context.uc_stack.ss_sp = malloc(65536);
    fiber_context.uc_stack.ss_size = 65536;
    fiber_context.uc_link = &main_context;
    makecontext(&fiber_context, fiber, 0);
    swapcontext(&main_context, &fiber_context);
    return 0;
}
