// signal: SIGFPE
// kind: division by zero
// title: SIGFPE: Integer division by zero
// chain: average @divide, main @main
static __attribute__((noinline)) int average(int sum, int n) {
    return sum / n; // @divide
}
int main(int argc, char **argv) {
    volatile int n = argc > 5;
    return average(argc, n); // @main
}
