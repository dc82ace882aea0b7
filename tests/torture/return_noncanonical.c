// build: -O1 -fno-stack-protector -fno-omit-frame-pointer
// kind: wild pointer
// title: SIGSEGV: .*0x4141414141414141
// leaf: smashed
__attribute__((noinline)) static void smashed(void) {
    void *volatile *frame = __builtin_frame_address(0);
    frame[1] = (void *)0x4141414141414141;
}
int main(void) {
    smashed();
    return 0;
}
