// kind: wild pointer
// title: SIGSEGV: Wild pointer: read of the non-canonical address 0x4141414141414141
// chain: follow @read, main @main
static __attribute__((noinline)) int follow(int *p) {
    return *p; // @read
}
int main(void) {
    int *volatile p = (int *)0x4141414141414141;
    return follow(p); // @main
}
