// library: -O0
// args: {library}
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: prepare @write, main @call
// The loader holds its lock.
#include <dlfcn.h>
#ifdef LIBRARY
__attribute__((constructor)) static void prepare(void) {
    *(volatile int *)0 = 1; // @write
}
#else
int main(int argc, char **argv) {
    return dlopen(argv[1], RTLD_NOW) != 0; // @call
}
#endif
