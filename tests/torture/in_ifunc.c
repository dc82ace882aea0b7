// build: -O0 -Wl,-z,now
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: choose @write
static int function_one(void) {
    return 1;
}
static int (*choose(void))(void) {
    *(volatile int *)0 = 1; // @write
    return function_one;
}
int function(void) __attribute__((ifunc("choose")));
int main(void) {
    return function();
}
