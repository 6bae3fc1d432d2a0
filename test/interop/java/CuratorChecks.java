// Curator's recipes on the server that the argument names.

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.retry.RetryNTimes;
import org.apache.curator.x.discovery.ServiceCache;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.zookeeper.CreateMode;

final class CuratorChecks {
    private static String servers;

    private static CuratorFramework open() throws Exception {
        CuratorFramework curator = CuratorFrameworkFactory.newClient(servers, 40_000, 40_000, new RetryNTimes(3, 50));
        curator.start();
        Checks.equal(curator.blockUntilConnected(60, TimeUnit.SECONDS), true);
        return curator;
    }

    private static void framework() throws Exception {
        try (CuratorFramework one = open()) {
            one.create().creatingParentContainersIfNeeded().forPath("/f/a/b", "x".getBytes());
            one.setData().withVersion(0).forPath("/f/a/b", "y".getBytes());
            Checks.equal(new String(one.getData().forPath("/f/a/b")), "y");
            String protectedPath = one.create().withProtection().withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath("/f/p-");
            Checks.equal(protectedPath.matches("/f/_c_[-0-9a-f]+-p-\\d{10}"), true);
            one.transaction().forOperations(
                    one.transactionOp().create().forPath("/f/t"),
                    one.transactionOp().setData().withVersion(0).forPath("/f/t"),
                    one.transactionOp().delete().withVersion(1).forPath("/f/t"));
            one.delete().deletingChildrenIfNeeded().forPath("/f");
            Checks.equal(one.checkExists().forPath("/f"), null);
        }
    }

    private static void mutex() throws Exception {
        try (CuratorFramework one = open(); CuratorFramework two = open()) {
            InterProcessMutex first = new InterProcessMutex(one, "/mutex");
            InterProcessMutex second = new InterProcessMutex(two, "/mutex");
            first.acquire();
            first.acquire();
            Checks.equal(second.acquire(100, TimeUnit.MILLISECONDS), false);
            first.release();
            first.release();
            Checks.equal(second.acquire(60, TimeUnit.SECONDS), true);
            second.release();
        }
    }

    private static void readWriteLock() throws Exception {
        try (CuratorFramework one = open(); CuratorFramework two = open()) {
            InterProcessReadWriteLock first = new InterProcessReadWriteLock(one, "/rw");
            InterProcessReadWriteLock second = new InterProcessReadWriteLock(two, "/rw");
            first.readLock().acquire();
            Checks.equal(second.readLock().acquire(60, TimeUnit.SECONDS), true);
            Checks.equal(second.writeLock().acquire(100, TimeUnit.MILLISECONDS), false);
            first.readLock().release();
            second.readLock().release();
            Checks.equal(second.writeLock().acquire(60, TimeUnit.SECONDS), true);
            second.writeLock().release();
        }
    }

    private static void semaphore() throws Exception {
        try (CuratorFramework one = open()) {
            InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(one, "/semaphore", 2);
            Lease first = semaphore.acquire();
            Lease second = semaphore.acquire();
            Checks.equal(semaphore.acquire(100, TimeUnit.MILLISECONDS), null);
            semaphore.returnLease(first);
            Lease third = semaphore.acquire(60, TimeUnit.SECONDS);
            Checks.equal(third == null, false);
            semaphore.returnLease(second);
            semaphore.returnLease(third);
        }
    }

    private static void leaderLatch() throws Exception {
        try (CuratorFramework one = open(); CuratorFramework two = open()) {
            LeaderLatch first = new LeaderLatch(one, "/latch", "one");
            first.start();
            Checks.equal(first.await(60, TimeUnit.SECONDS), true);
            LeaderLatch second = new LeaderLatch(two, "/latch", "two");
            second.start();
            Checks.eventually("both", () -> second.getParticipants().size() == 2);
            Checks.equal(second.getLeader().getId(), "one");
            Checks.equal(second.hasLeadership(), false);
            first.close();
            Checks.equal(second.await(60, TimeUnit.SECONDS), true);
            second.close();
        }
    }

    private static void cache() throws Exception {
        try (CuratorFramework one = open()) {
            one.create().creatingParentsIfNeeded().forPath("/cache/a", "1".getBytes());
            List<String> events = new CopyOnWriteArrayList<>();
            CuratorCache cache = CuratorCache.build(one, "/cache");
            cache.listenable().addListener(CuratorCacheListener.builder()
                    .forInitialized(() -> events.add("initialized"))
                    .forCreates(node -> events.add("created " + node.getPath()))
                    .forChanges((before, after) -> events.add("changed " + new String(after.getData())))
                    .forDeletes(node -> events.add("deleted " + node.getPath()))
                    .build());
            cache.start();
            Checks.eventually("the first view", () -> events.contains("initialized"));
            one.create().forPath("/cache/b");
            Checks.eventually("a new node", () -> events.contains("created /cache/b"));
            one.setData().forPath("/cache/a", "2".getBytes());
            Checks.eventually("new data", () -> events.contains("changed 2"));
            one.delete().forPath("/cache/b");
            Checks.eventually("one less", () -> events.contains("deleted /cache/b"));
            Checks.equal(cache.size(), 2);
            cache.close();
        }
    }

    private static void counts() throws Exception {
        try (CuratorFramework one = open(); CuratorFramework two = open()) {
            SharedCount first = new SharedCount(one, "/count", 7);
            SharedCount second = new SharedCount(two, "/count", 0);
            first.start();
            second.start();
            Checks.equal(second.getCount(), 7);
            first.setCount(8);
            Checks.eventually("the other sees it", () -> second.getCount() == 8);
            Checks.equal(second.trySetCount(second.getVersionedValue(), 9), true);
            Checks.eventually("the first sees it", () -> first.getCount() == 9);
            first.close();
            second.close();
            DistributedAtomicLong number = new DistributedAtomicLong(one, "/number", new RetryNTimes(10, 10));
            number.initialize(0L);
            for (int i = 0; i < 10; i++) {
                Checks.equal(number.increment().succeeded(), true);
            }
            Checks.equal(number.get().postValue(), 10L);
        }
    }

    private static void barriers() throws Exception {
        try (CuratorFramework one = open(); CuratorFramework two = open()) {
            DistributedBarrier barrier = new DistributedBarrier(one, "/barrier");
            barrier.setBarrier();
            Checks.equal(new DistributedBarrier(two, "/barrier").waitOnBarrier(100, TimeUnit.MILLISECONDS), false);
            AtomicInteger passed = new AtomicInteger();
            Thread waiting = thread(() -> {
                if (new DistributedBarrier(two, "/barrier").waitOnBarrier(60, TimeUnit.SECONDS)) passed.incrementAndGet();
            });
            barrier.removeBarrier();
            waiting.join();
            Checks.equal(passed.get(), 1);
            List<Thread> threads = new ArrayList<>();
            for (CuratorFramework each : List.of(one, two)) {
                threads.add(thread(() -> {
                    DistributedDoubleBarrier both = new DistributedDoubleBarrier(each, "/double", 2);
                    if (both.enter(60, TimeUnit.SECONDS) && both.leave(60, TimeUnit.SECONDS)) passed.incrementAndGet();
                }));
            }
            for (Thread each : threads) each.join();
            Checks.equal(passed.get(), 3);
        }
    }

    private static Thread thread(Checks.Check body) {
        Thread thread = new Thread(() -> {
            try {
                body.run();
            } catch (Exception error) {
                System.err.println(error);
            }
        });
        thread.start();
        return thread;
    }

    private static void persistentNodes() throws Exception {
        try (CuratorFramework one = open(); CuratorFramework two = open()) {
            PersistentNode node = new PersistentNode(one, CreateMode.EPHEMERAL, false, "/persistent", "x".getBytes());
            node.start();
            Checks.equal(node.waitForInitialCreate(60, TimeUnit.SECONDS), true);
            two.delete().forPath("/persistent");
            Checks.eventually("it is back", () -> two.checkExists().forPath("/persistent") != null);
            node.close();
            PersistentTtlNode ttl = new PersistentTtlNode(one, "/ttl", 60_000, "x".getBytes());
            ttl.start();
            Checks.equal(ttl.waitForInitialCreate(60, TimeUnit.SECONDS), true);
            ttl.close();
        }
    }

    private static void discovery() throws Exception {
        try (CuratorFramework one = open(); CuratorFramework two = open()) {
            ServiceInstance<Void> instance = ServiceInstance.<Void>builder().name("web").address("10.0.0.1").port(80).build();
            ServiceDiscovery<Void> own =
                    ServiceDiscoveryBuilder.builder(Void.class).client(one).basePath("/discovery").thisInstance(instance).build();
            own.start();
            ServiceDiscovery<Void> other = ServiceDiscoveryBuilder.builder(Void.class).client(two).basePath("/discovery").build();
            other.start();
            Checks.equal(other.queryForNames(), "[web]");
            ServiceCache<Void> cache = other.serviceCacheBuilder().name("web").build();
            cache.start();
            Checks.equal(cache.getInstances().get(0).getAddress(), "10.0.0.1");
            own.unregisterService(instance);
            Checks.eventually("gone", () -> cache.getInstances().isEmpty());
            cache.close();
            other.close();
            own.close();
        }
    }

    public static void main(String[] args) {
        servers = args[0];
        Checks.check("framework", CuratorChecks::framework);
        Checks.check("mutex", CuratorChecks::mutex);
        Checks.check("read write lock", CuratorChecks::readWriteLock);
        Checks.check("semaphore", CuratorChecks::semaphore);
        Checks.check("leader latch", CuratorChecks::leaderLatch);
        Checks.check("cache", CuratorChecks::cache);
        Checks.check("counts", CuratorChecks::counts);
        Checks.check("barriers", CuratorChecks::barriers);
        Checks.check("persistent nodes", CuratorChecks::persistentNodes);
        Checks.check("discovery", CuratorChecks::discovery);
        Checks.done();
    }
}
