// build: -fsanitize=undefined -fno-sanitize-recover=all
// signal: none
// status: 1
// kind: sanitizer
// title: ^UndefinedBehaviorSanitizer: invalid-shift-exponent: .*runtime error: shift exponent 40 is too large
// chain: mask @SHIFT, main @MAIN
// stderr: shift exponent 40
// SPDX-License-Identifier: MIT
static int mask(int bits) {
    return 1 << bits; // @SHIFT
}

int main(int argc, char **argv) {
    return mask(39 + argc); // @MAIN
}
