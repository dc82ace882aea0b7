// kind: read-only memory
// title: SIGSEGV: Write to read-only memory
// chain: main @write
int main(void) {
    char *volatile text = (char *)"constant";
    *text = 'C'; // @write
    return 0;
}
