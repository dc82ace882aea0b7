// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: prepare @write
__attribute__((constructor)) static void prepare(void) {
    *(volatile int *)0 = 1; // @write
}
int main(void) {
    return 0;
}
