// kind: wild pointer
// title: SIGSEGV: Wild stack pointer: write of address 0x122c, and the stack pointer is 0x1234
// leaf: main
// The stack pointer itself points nowhere.
int main(void) {
    __asm__ volatile("movq $0x1234, %rsp; pushq $1");
}
