// library: -O0
// args: {library}
// build: -O0
// kind: bad jump
// title: SIGSEGV: Jump to 0x[0-9a-f]+, where nothing is mapped
// chain-has: main
#include <dlfcn.h>
#ifdef LIBRARY
int function(int x) {
    return x + 1;
}
#else
int main(int argc, char **argv) {
    void *library = dlopen(argv[1], RTLD_NOW);
    int (*function)(int) = (int (*)(int))dlsym(library, "function");
    function(1);
    dlclose(library);
    return function(2);
}
#endif
