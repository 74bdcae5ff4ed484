package bench;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;

/**
 * One pass over the JSON of an event, which makes nothing but what is asked for: several times as fast as the libraries.
 * Fields may come in any order and others be among them; names of experiments and variants have no escapes.
 */
final class Scanner {
    private final byte[] json;
    private int at;

    private int experiment = -1;
    private int experimentEnd;
    private int variant = -1;
    private int variantEnd;
    private long hundredths;
    private long time;

    Scanner(byte[] json) {
        this.json = json;
    }

    Event event() {
        expect('{');
        if (next() != '}') {
            do {
                field();
            } while (take(','));
        }
        expect('}');
        if (experiment < 0 || variant < 0) {
            throw fault("no experiment or no variant");
        }
        return new Event(arm(), hundredths, time);
    }

    private String arm() {
        int length = experimentEnd - experiment;
        byte[] arm = new byte[length + 1 + variantEnd - variant];
        System.arraycopy(json, experiment, arm, 0, length);
        arm[length] = '|';
        System.arraycopy(json, variant, arm, length + 1, variantEnd - variant);
        return new String(arm, StandardCharsets.UTF_8);
    }

    private void field() {
        int name = text();
        int end = at - 1;
        expect(':');
        next();
        if (is("experiment", name, end)) {
            experiment = text();
            experimentEnd = at - 1;
        } else if (is("variant", name, end)) {
            variant = text();
            variantEnd = at - 1;
        } else if (is("value", name, end)) {
            hundredths = hundredths();
        } else if (is("ts", name, end)) {
            time = hundredths() / 100;
        } else {
            skip();
        }
    }

    private boolean is(String name, int from, int to) {
        if (to - from != name.length()) {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            if (json[from + i] != name.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** The place behind the first quote of a string; at is then behind its last. */
    private int text() {
        expect('"');
        int from = at;
        for (; at < json.length; at++) {
            if (json[at] == '"') {
                at++;
                return from;
            }
            if (json[at] == '\\') {
                at++;
            }
        }
        throw fault("a string without end");
    }

    private long hundredths() {
        int from = at;
        boolean negative = json[at] == '-';
        if (negative) {
            at++;
        }
        long value = 0;
        int decimals = -1; // before the point
        for (; at < json.length && plain(json[at]); at++) {
            if (json[at] == '.') {
                decimals = 0;
                continue;
            }
            value = value * 10 + json[at] - '0';
            if (decimals >= 0) {
                decimals++;
            }
        }
        if (at - from > 17 || decimals > 2 || at < json.length && (json[at] | 0x20) == 'e') {
            return exactly(from);
        }
        for (int i = Math.max(decimals, 0); i < 2; i++) {
            value *= 10;
        }
        return negative ? -value : value;
    }

    private static boolean plain(byte b) {
        return b >= '0' && b <= '9' || b == '.';
    }

    private long exactly(int from) {
        at = from;
        skip();
        return new BigDecimal(new String(json, from, at - from, StandardCharsets.US_ASCII)).movePointRight(2).longValueExact();
    }

    /** Passes over a value. */
    private void skip() {
        int depth = 0;
        do {
            switch (next()) {
                case '"' -> text();
                case '{', '[' -> {
                    depth++;
                    at++;
                }
                case '}', ']' -> {
                    depth--;
                    at++;
                }
                case ',', ':' -> at++;
                default -> bare();
            }
        } while (depth > 0);
    }

    /** Passes over a number, true, false or null. */
    private void bare() {
        int from = at;
        while (at < json.length && json[at] > ' ' && json[at] != ',' && json[at] != '}' && json[at] != ']') {
            at++;
        }
        if (at == from) {
            throw fault("no value");
        }
    }

    private byte next() {
        while (at < json.length && json[at] <= ' ' && json[at] >= 0) {
            at++;
        }
        if (at == json.length) {
            throw fault("it ends");
        }
        return json[at];
    }

    private boolean take(char c) {
        if (next() != c) {
            return false;
        }
        at++;
        return true;
    }

    private void expect(char c) {
        if (!take(c)) {
            throw fault("no " + c);
        }
    }

    private IllegalArgumentException fault(String what) {
        return new IllegalArgumentException("event: " + what + " at byte " + at + ": " + new String(json, StandardCharsets.UTF_8));
    }
}
