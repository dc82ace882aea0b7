// signal: SIGILL
// kind: illegal instruction
// title: SIGILL: Trap instruction ud2
// chain: choose @trap, main @main
static __attribute__((noinline)) int choose(int n) {
    if (n == 1)
        __builtin_trap(); // @trap
    return n;
}
int main(int argc, char **argv) {
    return choose(1); // @main
}
