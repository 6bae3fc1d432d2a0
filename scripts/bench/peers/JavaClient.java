// The Java client as a client of the bench: tasks as words in, answers as JSON out, one line each (programs/task.ts).

import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;

public class JavaClient {
    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final Watcher SILENT = event -> {};

    /** What an answer calls with its error code. */
    private interface Done {
        void call(int code);
    }

    private interface Sender {
        void send(int index, Done done);
    }

    public static void main(String[] args) throws Exception {
        System.out.println("{\"ready\":true}");
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            try {
                System.out.println(run(parse(line)));
            } catch (Exception error) {
                System.out.println("{\"error\":\"" + error.toString().replace('"', '\'') + "\"}");
            }
        }
        System.exit(0);
    }

    private static Map<String, String> parse(String line) {
        Map<String, String> task = new HashMap<>();
        for (String word : line.trim().split(" ")) {
            task.put(word.substring(0, word.indexOf('=')), word.substring(word.indexOf('=') + 1));
        }
        return task;
    }

    private static String run(Map<String, String> task) throws Exception {
        int total = Integer.parseInt(task.get("total"));
        int inFlight = Integer.parseInt(task.get("inFlight"));
        boolean watches = task.get("op").equals("watch");
        ZooKeeper client = connect(task.get("connect"));
        Sender sender = sender(client, task, total);
        long[] latencies = inFlight == 1 ? new long[total] : null;
        double before = watches ? collectedHeap() : 0;
        long cpu = SYSTEM.getProcessCpuTime();
        long began = System.nanoTime();
        load(sender, total, inFlight, latencies);
        long nanoseconds = System.nanoTime() - began;
        cpu = SYSTEM.getProcessCpuTime() - cpu;
        String heap = watches ? number((collectedHeap() - before) / total) : "null";
        // Watches are looked at from outside while the client stays.
        if (!watches) {
            client.close();
        }
        return String.format("{\"perSecond\":%s,\"cpu\":%s,\"p50\":%s,\"p99\":%s,\"heap\":%s}",
                number(total * 1e9 / nanoseconds), number(cpu / 1e3 / total),
                at(latencies, 0.5), at(latencies, 0.99), heap);
    }

    private static ZooKeeper connect(String address) throws Exception {
        CountDownLatch connected = new CountDownLatch(1);
        ZooKeeper client = new ZooKeeper(address, 30_000, event -> {
            if (event.getState() == KeeperState.SyncConnected) {
                connected.countDown();
            }
        });
        connected.await();
        return client;
    }

    private static Sender sender(ZooKeeper client, Map<String, String> task, int total) {
        String path = task.get("path");
        byte[] data = new byte[Integer.parseInt(task.get("size"))];
        Arrays.fill(data, (byte) 'x');
        switch (task.get("op")) {
            case "get":
                return (index, done) -> client.getData(path, false, (code, p, c, bytes, stat) -> done.call(code), null);
            case "set":
                return (index, done) -> client.setData(path, data, -1, (code, p, c, stat) -> done.call(code), null);
            case "list":
                return (index, done) ->
                        client.getChildren(path, false, (code, p, c, names, stat) -> done.call(code), null);
            case "create":
                String[] paths = new String[total];
                for (int i = 0; i < total; i++) {
                    paths[i] = numbered(path, task.get("tag"), i);
                }
                return (index, done) -> client.create(paths[index], data, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL,
                        (code, p, c, name, stat) -> done.call(code), null);
            case "watch":
                return (index, done) -> client.exists(numbered(path, "node", index), SILENT,
                        (code, p, c, stat) -> done.call(code == Code.NONODE.intValue() ? 0 : code), null);
            default:
                throw new IllegalArgumentException("no " + task.get("op") + " here");
        }
    }

    /** Keeps `inFlight` requests under way; each answer sends the next request, on the client's event thread. */
    private static void load(Sender sender, int total, int inFlight, long[] latencies) throws Exception {
        AtomicInteger sent = new AtomicInteger();
        AtomicInteger answered = new AtomicInteger();
        AtomicInteger failure = new AtomicInteger();
        CountDownLatch over = new CountDownLatch(1);
        long[] began = new long[1];
        Done[] self = new Done[1];
        Runnable next = () -> {
            int index = sent.getAndIncrement();
            if (index < total) {
                if (latencies != null) {
                    began[0] = System.nanoTime();
                }
                sender.send(index, self[0]);
            }
        };
        self[0] = code -> {
            if (latencies != null) {
                latencies[answered.get()] = System.nanoTime() - began[0];
            }
            if (code != 0) {
                failure.set(code);
                over.countDown();
                return;
            }
            next.run();
            if (answered.incrementAndGet() == total) {
                over.countDown();
            }
        };
        for (int i = 0; i < inFlight; i++) {
            next.run();
        }
        over.await();
        if (failure.get() != 0) {
            throw new IllegalStateException("error " + failure.get());
        }
    }

    private static String numbered(String parent, String prefix, int index) {
        return String.format("%s/%s-%08d", parent, prefix, index);
    }

    private static double collectedHeap() throws Exception {
        for (int i = 0; i < 3; i++) {
            System.gc();
            Thread.sleep(50);
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private static String at(long[] latencies, double share) {
        if (latencies == null) {
            return "null";
        }
        Arrays.sort(latencies);
        return number(latencies[(int) ((latencies.length - 1) * share)] / 1e3);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }
}
