// library: -O0
// args: {library}
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: finish @write, main @call
#include <dlfcn.h>
#ifdef LIBRARY
__attribute__((destructor)) static void finish(void) {
    *(volatile int *)0 = 1; // @write
}
#else
int main(int argc, char **argv) {
    void *library = dlopen(argv[1], RTLD_NOW);
    return dlclose(library); // @call
}
#endif
