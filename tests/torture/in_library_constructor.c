// library: -O0
// build: -Wl,--no-as-needed {library}
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: prepare @write
#ifdef LIBRARY
__attribute__((constructor)) static void prepare(void) {
    *(volatile int *)0 = 1; // @write
}
#endif
int library_function(void);
#ifdef LIBRARY
int library_function(void) {
    return 1;
}
#else
int main(void) {
    return library_function();
}
#endif
