// library: -O0 -fno-omit-frame-pointer
// args: {library}
// build: -O0 -pthread -rdynamic -fno-omit-frame-pointer
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain-has: callback
// The library takes away itself: the frame in the middle is in memory that is gone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/mman.h>
#ifdef LIBRARY
int function(void (*callback)(void)) {
    callback();
    return 1;
}
#else
static void *library;
__attribute__((noinline)) void callback(void) {
    dlclose(library);
    *(volatile int *)0 = 1;
}
int main(int argc, char **argv) {
    library = dlopen(argv[1], RTLD_NOW);
    int (*function)(void (*)(void)) = (int (*)(void (*)(void)))dlsym(library, "function");
    return function(callback);
}
#endif
