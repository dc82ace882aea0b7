// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x122c
// leaf: main
// The stack pointer itself points nowhere.
int main(void) {
    __asm__ volatile("movq $0x1234, %rsp; pushq $1");
}
