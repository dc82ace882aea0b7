// signal: SIGTRAP
// kind: breakpoint
// title: SIGTRAP: Breakpoint trap
// chain-has: stop_here, main
static __attribute__((noinline)) void stop_here(void) {
    __asm__ volatile("int3");
}
int main(void) {
    stop_here();
    return 0;
}
