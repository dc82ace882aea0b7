// kind: wild pointer
// title: SIGSEGV: .*0x4141414141414141
// chain-has: main
int main(void) {
    ((void (*)(void))0x4141414141414141)();
    return 0;
}
