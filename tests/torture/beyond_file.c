// signal: SIGBUS
// kind: beyond end of file
// title: SIGBUS: Read of address 0x[0-9a-f]+ beyond the end of the mapped file
// chain: main @read
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
    char name[] = "/tmp/crashd-torture.XXXXXX";
    int fd = mkstemp(name);
    unlink(name);
    if (ftruncate(fd, 8192))
        return 1;
    volatile char *map = mmap(0, 8192, PROT_READ, MAP_SHARED, fd, 0);
    if (ftruncate(fd, 0))
        return 1;
    return map[5000]; // @read
}
