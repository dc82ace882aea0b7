/* SPDX-License-Identifier: MIT */
/* The least a program can do. With an argument it waits for its end, so that it can be looked at.
 */
#include <unistd.h>

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1) {
        if (write(STDOUT_FILENO, "\n", 1) == 1)
            pause();
    }
    return 0;
}
