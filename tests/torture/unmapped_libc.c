// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// The program has taken its own C library away.
#define _GNU_SOURCE
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
static unsigned long start, end;
static int look(struct dl_phdr_info *info, size_t size, void *argument) {
    if (strstr(info->dlpi_name, "libc.so"))
        for (int i = 0; i < info->dlpi_phnum; i++)
            if (info->dlpi_phdr[i].p_type == PT_LOAD) {
                unsigned long from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
                start = start ? start : from;
                end = from + info->dlpi_phdr[i].p_memsz;
            }
    return 0;
}
int main(void) {
    long result;
    dl_iterate_phdr(look, 0);
    __asm__ volatile("syscall" : "=a"(result)
                     : "a"(SYS_munmap), "D"(start), "S"((end - start + 4095) & ~4095UL)
                     : "rcx", "r11", "memory");
    *(volatile int *)0 = 1;
}
