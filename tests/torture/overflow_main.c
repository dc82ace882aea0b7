// kind: stack overflow
// title: SIGSEGV: Stack overflow
// chain-has: descend, main
static __attribute__((noinline)) int descend(int n) {
    volatile char page[1024];
    page[0] = (char)n;
    return descend(n + 1) + page[0];
}
int main(int argc, char **argv) {
    return descend(argc);
}
