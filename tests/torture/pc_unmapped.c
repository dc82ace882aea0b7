// title: SIGSEGV: Jump to 0x7ffdead0000, where nothing is mapped
// kind: bad jump
// chain: main @call
int main(void) {
    ((void (*)(void))0x7ffdead0000)(); // @call
    return 0;
}
