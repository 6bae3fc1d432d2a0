// The Java client on the server that the first argument names: every operation, sessions, logins and SASL.

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.Watcher.WatcherType;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;

final class ClientChecks {
    /** Milliseconds: no check waits for the end of it, and a slow machine does not come near it. */
    private static final int SESSION = 40_000;
    private static String servers;

    /** What a watcher was told, as `TYPE PATH`. */
    private static final class Log implements Watcher {
        final List<String> events = new CopyOnWriteArrayList<>();
        final List<KeeperState> states = new CopyOnWriteArrayList<>();

        @Override
        public void process(WatchedEvent event) {
            if (event.getType() == EventType.None) {
                states.add(event.getState());
            } else {
                events.add(event.getType() + " " + event.getPath());
            }
        }
    }

    private interface Call {
        void run() throws Exception;
    }

    private static ZooKeeper open() throws Exception {
        return open(new Log());
    }

    private static ZooKeeper open(Log log) throws Exception {
        ZooKeeper zk = new ZooKeeper(servers, SESSION, log);
        Checks.eventually("connected", () -> log.states.contains(KeeperState.SyncConnected));
        return zk;
    }

    private static void fails(Code code, Call call) throws Exception {
        try {
            call.run();
        } catch (KeeperException error) {
            Checks.equal(error.code(), code);
            return;
        }
        throw new AssertionError("no " + code);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void nodes() throws Exception {
        ZooKeeper zk = open();
        Stat stat = new Stat();
        Checks.equal(zk.create("/n", bytes("x"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, stat), "/n");
        Checks.equal(stat.getVersion(), 0);
        Checks.equal(new String(zk.getData("/n", false, stat)), "x");
        Checks.equal(zk.setData("/n", null, 0).getVersion(), 1);
        Checks.equal(zk.getData("/n", false, null), null);
        fails(Code.BADVERSION, () -> zk.setData("/n", null, 0));
        fails(Code.NODEEXISTS, () -> zk.create("/n", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
        fails(Code.NONODE, () -> zk.getData("/none", false, null));
        Checks.equal(zk.exists("/none", false), null);
        zk.create("/n/a", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        Checks.equal(zk.getChildren("/n", false), "[a]");
        Checks.equal(zk.getChildren("/n", false, stat), "[a]");
        Checks.equal(stat.getNumChildren(), 1);
        Checks.equal(zk.getAllChildrenNumber("/n"), 1);
        fails(Code.NOTEMPTY, () -> zk.delete("/n", -1));
        CountDownLatch synced = new CountDownLatch(1);
        zk.sync("/n", (code, path, context) -> synced.countDown(), null);
        Checks.equal(synced.await(Checks.PATIENCE, TimeUnit.MILLISECONDS), true);
        zk.delete("/n/a", 0);
        zk.delete("/n", -1);
        zk.close();
    }

    private static void createModes() throws Exception {
        ZooKeeper zk = open();
        zk.create("/modes", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        List<String> made = new ArrayList<>();
        for (CreateMode mode : CreateMode.values()) {
            long ttl = mode.isTTL() ? 60_000 : -1;
            Stat stat = new Stat();
            made.add(zk.create("/modes/" + mode + "-", null, Ids.OPEN_ACL_UNSAFE, mode, stat, ttl));
            Checks.equal(stat.getEphemeralOwner(), mode.isEphemeral() ? zk.getSessionId() : 0);
            made.set(made.size() - 1, made.get(made.size() - 1).replaceAll("^.*-", ""));
        }
        Checks.equal(made, "[, 0000000001, , 0000000003, , , 0000000006]");
        Checks.equal(zk.getEphemerals().size(), 2);
        Checks.equal(zk.getEphemerals("/modes/EPHEMERAL-").size(), 1);
        zk.close();
    }

    private static void acls() throws Exception {
        ZooKeeper ben = open();
        ZooKeeper other = open();
        ben.addAuthInfo("digest", bytes("ben:passwd"));
        ben.create("/acl", null, Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
        fails(Code.NOAUTH, () -> other.getData("/acl", false, null));
        Stat stat = new Stat();
        List<ACL> list = new ArrayList<>(ben.getACL("/acl", stat));
        Checks.equal(list.get(0).getId().getId(), "ben:GnIFqmuceuc/72KWrVhTHjDv9u4=");
        list.add(new ACL(Perms.READ, new Id("ip", "127.0.0.0/8")));
        Checks.equal(ben.setACL("/acl", list, 0).getAversion(), 1);
        other.getData("/acl", false, null);
        Checks.equal(other.getACL("/acl", stat).get(0).getId().getId(), "ben:x");
        fails(Code.INVALIDACL, () -> other.create("/x", null, Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT));
        List<String> who = new ArrayList<>();
        ben.whoAmI().forEach(info -> who.add(info.getAuthScheme() + " " + info.getUser()));
        Collections.sort(who);
        Checks.equal(who, "[digest ben, ip 127.0.0.1]");
        ben.close();
        Log log = new Log();
        ZooKeeper bad = open(log);
        bad.addAuthInfo("nobody", bytes("knows"));
        Checks.eventually("refused", () -> log.states.contains(KeeperState.AuthFailed));
        bad.close();
        other.close();
    }

    private static void multi() throws Exception {
        ZooKeeper zk = open();
        List<OpResult> results = zk.multi(Arrays.asList(
                Op.create("/m", bytes("1"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
                Op.create("/m/s-", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_SEQUENTIAL),
                Op.create("/m/c", null, Ids.OPEN_ACL_UNSAFE, CreateMode.CONTAINER),
                Op.create("/m/t", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, 60_000),
                Op.setData("/m", bytes("2"), 0),
                Op.check("/m", 1),
                Op.delete("/m/s-0000000000", -1)));
        Checks.equal(results.size(), 7);
        Checks.equal(((OpResult.CreateResult) results.get(1)).getPath(), "/m/s-0000000000");
        Checks.equal(((OpResult.SetDataResult) results.get(4)).getStat().getVersion(), 1);
        try {
            zk.multi(Arrays.asList(Op.setData("/m", null, -1), Op.check("/m", 7), Op.delete("/m", -1)));
            throw new AssertionError("it did not fail");
        } catch (KeeperException error) {
            Checks.equal(error.code(), Code.BADVERSION);
            List<Integer> codes = new ArrayList<>();
            error.getResults().forEach(result -> codes.add(((OpResult.ErrorResult) result).getErr()));
            Checks.equal(codes, "[0, -103, -2]");
        }
        Checks.equal(new String(zk.getData("/m", false, null)), "2");
        List<OpResult> read = zk.multi(
                Arrays.asList(Op.getData("/m"), Op.getChildren("/m"), Op.getData("/none")));
        Checks.equal(new String(((OpResult.GetDataResult) read.get(0)).getData()), "2");
        Checks.equal(((OpResult.GetChildrenResult) read.get(1)).getChildren().size(), 2);
        Checks.equal(((OpResult.ErrorResult) read.get(2)).getErr(), Code.NONODE.intValue());
        zk.close();
    }

    private static void watches() throws Exception {
        ZooKeeper zk = open();
        Log once = new Log();
        Log persistent = new Log();
        Log recursive = new Log();
        zk.exists("/w", once);
        zk.addWatch("/w", persistent, AddWatchMode.PERSISTENT);
        zk.addWatch("/w", recursive, AddWatchMode.PERSISTENT_RECURSIVE);
        zk.create("/w", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        zk.create("/w/a", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        zk.setData("/w", null, -1);
        zk.delete("/w/a", -1);
        Checks.eventually("all", () -> recursive.events.size() == 4 && persistent.events.size() == 4);
        Checks.equal(once.events, "[NodeCreated /w]");
        Checks.equal(persistent.events, "[NodeCreated /w, NodeChildrenChanged /w, NodeDataChanged /w, NodeChildrenChanged /w]");
        Checks.equal(recursive.events, "[NodeCreated /w, NodeCreated /w/a, NodeDataChanged /w, NodeDeleted /w/a]");
        zk.removeWatches("/w", persistent, WatcherType.Any, false);
        Checks.eventually("removed", () -> persistent.events.contains("PersistentWatchRemoved /w"));
        fails(Code.NOWATCHER, () -> zk.removeAllWatches("/none", WatcherType.Any, false));
        zk.removeAllWatches("/w", WatcherType.Any, false);
        int before = recursive.events.size();
        zk.setData("/w", null, -1);
        zk.getData("/w", false, null);
        Checks.equal(recursive.events.stream().filter(event -> event.startsWith("NodeDataChanged")).count(), 1);
        Checks.equal(before >= 4, true);
        zk.close();
    }

    private static void sessions() throws Exception {
        Log log = new Log();
        ZooKeeper zk = open(log);
        zk.create("/s", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
        Log watcher = new Log();
        zk.getData("/s", watcher, null);
        Log again = new Log();
        ZooKeeper copy = new ZooKeeper(servers, SESSION, again, zk.getSessionId(), zk.getSessionPasswd());
        Checks.eventually("taken over", () -> again.states.contains(KeeperState.SyncConnected));
        Checks.equal(copy.getSessionId(), zk.getSessionId());
        // The first one comes back within a second, which cuts this one, and so on.
        Checks.eventually("its znode", () -> {
            try {
                Checks.equal(copy.exists("/s", false).getEphemeralOwner(), zk.getSessionId());
                return true;
            } catch (KeeperException.ConnectionLossException lost) {
                return false;
            }
        });
        Checks.eventually("cut", () -> log.states.contains(KeeperState.Disconnected));
        copy.close();
        // The end is not heard of if the first one was back before.
        Checks.eventually("expired", () -> log.states.contains(KeeperState.Expired) || endOnceMore(zk));
        fails(Code.SESSIONEXPIRED, () -> zk.exists("/s", false));
        ZooKeeper other = open();
        Checks.equal(other.exists("/s", false), null);
        Log stranger = new Log();
        new ZooKeeper(servers, SESSION, stranger, other.getSessionId(), new byte[16]);
        Checks.eventually("refused", () -> stranger.states.contains(KeeperState.Expired));
        other.close();
    }

    /** Takes the session over and ends it; false: whether that came through is still to be seen. */
    private static boolean endOnceMore(ZooKeeper zk) throws Exception {
        Thread.sleep(2000);
        new ZooKeeper(servers, SESSION, new Log(), zk.getSessionId(), zk.getSessionPasswd()).close();
        return false;
    }

    private static void config() throws Exception {
        ZooKeeper zk = open();
        Checks.equal(zk.exists("/zookeeper/config", false).getAversion(), -1);
        fails(Code.UNIMPLEMENTED, () -> {
            org.apache.zookeeper.admin.ZooKeeperAdmin admin =
                    new org.apache.zookeeper.admin.ZooKeeperAdmin(servers, SESSION, new Log());
            try {
                admin.reconfigure((String) null, null, null, -1, null);
            } finally {
                admin.close();
            }
        });
        zk.close();
    }

    /** DIGEST-MD5 by a JAAS file, whose folder is the second argument. */
    private static void sasl(String folder) throws Exception {
        for (String password : new String[] {"secret", "guess"}) {
            Path file = Files.writeString(Path.of(folder, password + ".jaas"), "Client {\n"
                    + " org.apache.zookeeper.server.auth.DigestLoginModule required username=\"al\" password=\"" + password
                    + "\";\n};\n");
            System.setProperty("java.security.auth.login.config", file.toString());
            javax.security.auth.login.Configuration.getConfiguration().refresh();
            ZKClientConfig config = new ZKClientConfig();
            config.setProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY, "true");
            Log log = new Log();
            ZooKeeper zk = new ZooKeeper(servers, SESSION, log, false, config);
            if (password.equals("secret")) {
                Checks.eventually("proved", () -> log.states.contains(KeeperState.SaslAuthenticated));
                List<ACL> own = Arrays.asList(new ACL(Perms.ALL, new Id("sasl", "al")));
                zk.create("/sasl", null, own, CreateMode.PERSISTENT);
                zk.setData("/sasl", null, -1);
            } else {
                Checks.eventually("refused", () -> log.states.contains(KeeperState.AuthFailed));
            }
            zk.close();
        }
        System.clearProperty("java.security.auth.login.config");
    }

    public static void main(String[] args) {
        servers = args[0];
        Checks.check("nodes", ClientChecks::nodes);
        Checks.check("create modes", ClientChecks::createModes);
        Checks.check("acls", ClientChecks::acls);
        Checks.check("multi", ClientChecks::multi);
        Checks.check("watches", ClientChecks::watches);
        Checks.check("sessions", ClientChecks::sessions);
        Checks.check("config", ClientChecks::config);
        Checks.check("sasl", () -> sasl(args[1]));
        Checks.done();
    }
}
