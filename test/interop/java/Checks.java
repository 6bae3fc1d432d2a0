// Runs checks one after the other and prints a line for each: `ok NAME`, or `not ok NAME: why`; the last line is `done`.

import java.util.concurrent.Callable;

final class Checks {
    static final long PATIENCE = 60_000;

    interface Check {
        void run() throws Exception;
    }

    static void check(String name, Check check) {
        try {
            check.run();
            System.out.println("ok " + name);
        } catch (Throwable error) {
            StringBuilder where = new StringBuilder();
            for (StackTraceElement frame : error.getStackTrace()) {
                where.append(" at ").append(frame);
            }
            System.out.println("not ok " + name + ": " + error.toString().replace('\n', ' ') + where);
        }
    }

    static void equal(Object found, Object wanted) {
        if (!String.valueOf(found).equals(String.valueOf(wanted))) {
            throw new AssertionError("found " + found + ", wanted " + wanted);
        }
    }

    static void eventually(String what, Callable<Boolean> probe) throws Exception {
        long end = System.currentTimeMillis() + PATIENCE;
        while (!probe.call()) {
            if (System.currentTimeMillis() > end) {
                throw new AssertionError(what + ": not in time");
            }
            Thread.sleep(10);
        }
    }

    static void done() {
        System.out.println("done");
        System.exit(0);
    }
}
