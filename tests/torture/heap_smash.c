// signal: SIGABRT
// kind: heap corruption
// title: heap corruption: 
// chain-has: main
#include <stdlib.h>
#include <string.h>
int main(void) {
    char *volatile p = malloc(24), *volatile q = malloc(2000);
    memset(p, 0xff, 40);
    free(q);
    free(p);
    return (int)(long)malloc(3000);
}
