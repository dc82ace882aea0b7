// library: -fPIC -shared
// args: {library}
// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x0
// chain: main @write
/* The library calls libc's signal() and not ours. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#ifdef LIBRARY
__attribute__((constructor)) static void construct(void) {
    signal(SIGSEGV, SIG_DFL);
}
void reset(void) {
    signal(SIGSEGV, SIG_DFL);
}
#else
static void handler(int number) {
    (void)number;
}
int main(int argc, char **argv) {
    void *library = dlopen(argc > 1 ? argv[1] : "", RTLD_LAZY | RTLD_DEEPBIND);
    void (*reset)(void) = (void (*)(void))dlsym(library, "reset");
    signal(SIGSEGV, handler);
    reset();
    *(volatile int *)0 = 1; // @write
    return 0;
}
#endif
