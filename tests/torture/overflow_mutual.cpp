// kind: stack overflow
// title: SIGSEGV: Stack overflow
// chain-has: Parser::expression, Parser::term, main
struct Parser {
    __attribute__((noinline)) int expression(int n) {
        volatile int keep = n;
        return term(n + 1) + keep;
    }
    __attribute__((noinline)) int term(int n) {
        volatile int keep = n;
        return expression(n + 1) + keep;
    }
};
int main(int argc, char **) {
    Parser parser;
    return parser.expression(argc);
}
