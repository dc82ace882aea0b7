// build: -O2 -fno-asynchronous-unwind-tables -Wa,--gdwarf-cie-version=4
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: leaf @write, middle @middle, main @main
__attribute__((noinline)) void leaf(volatile int *p) {
    *p = 1; // @write
    __asm__ volatile("" ::: "memory");
}
__attribute__((noinline)) int middle(volatile int *p) {
    leaf(p); // @middle
    __asm__ volatile("" ::: "memory");
    return 1;
}
int main(int argc, char **argv) {
    int r = middle(0); // @main
    __asm__ volatile("" ::: "memory");
    return r;
}
