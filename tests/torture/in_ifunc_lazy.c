// library: -O0
// build: -Wl,--no-as-needed {library} -O0 -Wl,-z,lazy
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: choose @write, main @call
// The dynamic linker calls it, in the middle of resolving a symbol.
int function(void);
#ifdef LIBRARY
static int function_one(void) {
    return 1;
}
static int (*choose(void))(void) {
    *(volatile int *)0 = 1; // @write
    return function_one;
}
int function(void) __attribute__((ifunc("choose")));
#else
int main(void) {
    return function(); // @call
}
#endif
