// SPDX-License-Identifier: MIT
/** Faults that the JVM turns into exceptions: COUNT of them, each a signal when it interprets. */
public class NullChecks {
    static class Node {
        int value;
    }

    static int get(Node node) {
        return node.value;
    }

    public static void main(String[] arguments) {
        int caught = 0;
        for (int i = 0; i < Integer.parseInt(arguments[0]); i++) {
            try {
                get(null);
            } catch (NullPointerException e) {
                caught++;
            }
        }
        System.out.println(caught);
    }
}
