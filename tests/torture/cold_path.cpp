// build: -O2
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: report_failure @write, process @call, main @main
#include <cstdio>
__attribute__((cold, noinline)) static void report_failure(int *p) {
    *p = 2; // @write
    asm volatile("" ::: "memory");
}
__attribute__((noinline)) int process(int *p, int n) {
    if (__builtin_expect(n > 0, 0)) {
        report_failure(p); // @call
        asm volatile("" ::: "memory");
        return 2;
    }
    return n;
}
int main(int argc, char **) {
    int r = process(nullptr, argc); // @main
    asm volatile("" ::: "memory");
    return r;
}
