// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x0
// chain: fault @fault, main @main
// environment: CRASHHOOK_TIMEOUT_MS=300
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Memory that nobody ever provides, as that of a file system whose server is gone: who reads it
 * waits, and is woken by nothing but a signal that kills. */
static void *lost_memory(void) {
    const size_t size = 4096;
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = {.api = UFFD_API};
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register range = {.range = {(unsigned long)memory, size},
                                    .mode = UFFDIO_REGISTER_MODE_MISSING};

    if (fd < 0 || memory == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) < 0 ||
        ioctl(fd, UFFDIO_REGISTER, &range) < 0)
        _exit(1);
    return memory;
}

static __attribute__((noinline)) void fault(void *lost, volatile int *nowhere) {
    __asm__ volatile("" ::"r"(lost));
    *nowhere = 1; // @fault
    __asm__ volatile("" ::"r"(lost));
}

int main(void) {
    fault(lost_memory(), NULL); // @main
    return 0;
}
