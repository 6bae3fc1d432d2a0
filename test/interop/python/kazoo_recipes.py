"""kazoo's client and its recipes, one check after the other, on the server that the one argument names.

Each check prints a line: `ok NAME`, or `not ok NAME: why`. The last line is `done`.
"""
import socket
import sys
import threading
import time
import traceback

from kazoo.client import KazooClient
from kazoo.exceptions import BadVersionError, NodeExistsError, NoAuthError, NoNodeError, NotEmptyError
from kazoo.protocol.states import KazooState
from kazoo.recipe.cache import TreeCache, TreeEvent
from kazoo.security import make_digest_acl

PATIENCE = 60
CHECKS = []


def check(body):
    CHECKS.append(body)
    return body


def eventually(what, probe):
    """Polls until the probe holds."""
    end = time.time() + PATIENCE
    while time.time() < end:
        if probe():
            return
        time.sleep(0.01)
    raise AssertionError('%s: not in time' % what)


class Place(object):
    """Clients that are closed when a check is over, and a path of its own."""

    def __init__(self, servers, path):
        self.servers = servers
        self.path = path
        self.clients = []
        self.zk = self.client()

    def client(self, **more):
        return self.start(KazooClient(self.servers, timeout=40, **more))

    def start(self, zk):
        self.clients.append(zk)
        zk.start(PATIENCE)
        return zk

    def close(self):
        for zk in self.clients:
            zk.stop()
            zk.close()


def in_thread(body):
    thread = threading.Thread(target=body)
    thread.daemon = True
    thread.start()
    return thread


@check
def nodes(place):
    zk, path = place.zk, place.path
    zk.ensure_path(path + '/a/b')
    assert zk.create(path + '/s-', b'x', sequence=True, ephemeral=True).endswith('s-0000000001')
    data, stat = zk.get(path + '/a')
    assert data == b'' and stat.numChildren == 1
    assert zk.set(path + '/a', b'new', version=0).version == 1
    for error, call in [
        (BadVersionError, lambda: zk.set(path + '/a', b'', version=7)),
        (NodeExistsError, lambda: zk.create(path + '/a')),
        (NotEmptyError, lambda: zk.delete(path + '/a')),
        (NoNodeError, lambda: zk.get(path + '/none')),
    ]:
        try:
            call()
            raise AssertionError('no %s' % error.__name__)
        except error:
            pass
    assert sorted(zk.get_children(path)) == ['a', 's-0000000001']
    children, stat = zk.get_children(path, include_data=True)
    assert stat.numChildren == 2 and zk.sync(path) == path
    zk.delete(path, recursive=True)
    assert zk.exists(path) is None


@check
def acls(place):
    path = place.path
    owner = place.client(auth_data=[('digest', 'ben:passwd')])
    owner.create(path, b'', acl=[make_digest_acl('ben', 'passwd', all=True)])
    try:
        place.zk.get(path)
        raise AssertionError('not refused')
    except NoAuthError:
        pass
    place.zk.add_auth('digest', 'ben:passwd')
    assert place.zk.get_acls(path)[0][0].id.scheme == 'digest'


@check
def transaction(place):
    zk, path = place.zk, place.path
    zk.create(path)
    with zk.transaction() as done:
        done.create(path + '/a', b'1')
        done.set_data(path + '/a', b'2')
        done.check(path + '/a', 1)
        done.delete(path + '/a')
    failing = zk.transaction()
    failing.create(path + '/b')
    failing.check(path + '/b', 7)
    failing.create(path + '/c')
    results = failing.commit()
    assert [type(result).__name__ for result in results] == [
        'RolledBackError', 'BadVersionError', 'RuntimeInconsistency'], results
    assert zk.get_children(path) == []


@check
def watches(place):
    zk, path = place.zk, place.path
    zk.create(path, b'0')
    values, lists = [], []
    zk.DataWatch(path, lambda data, stat: values.append(data))
    zk.ChildrenWatch(path, lambda children: lists.append(sorted(children)))
    for value in [b'1', b'2']:
        zk.set(path, value)
        eventually('the value', lambda: values[-1] == value)
    for name in ['a', 'b']:
        zk.create(path + '/' + name)
        eventually('the list', lambda: name in lists[-1])
    assert lists[-1] == ['a', 'b']
    zk.delete(path, recursive=True)
    eventually('the end', lambda: values[-1] is None)


@check
def tree_cache(place):
    zk, path = place.zk, place.path
    zk.ensure_path(path + '/a')
    events = []
    cache = TreeCache(zk, path)
    cache.listen(lambda event: events.append(event.event_type))
    cache.start()
    eventually('the first view', lambda: TreeEvent.INITIALIZED in events)
    zk.create(path + '/a/b', b'x')
    eventually('a new node', lambda: cache.get_data(path + '/a/b') is not None)
    zk.set(path + '/a/b', b'y')
    eventually('new data', lambda: cache.get_data(path + '/a/b').data == b'y')
    zk.delete(path + '/a', recursive=True)
    eventually('nothing left', lambda: cache.get_data(path + '/a') is None)
    cache.close()


@check
def lock(place):
    order = []
    first = place.zk.Lock(place.path, 'one')
    first.acquire()
    second = place.client().Lock(place.path, 'two')
    assert second.acquire(blocking=False) is False
    thread = in_thread(lambda: (second.acquire(), order.append('two')))
    eventually('in line', lambda: place.zk.Lock(place.path).contenders() == ['one', 'two'])
    order.append('one')
    first.release()
    thread.join(PATIENCE)
    assert order == ['one', 'two'], order
    second.release()


@check
def read_write_lock(place):
    one, two, three = place.zk, place.client(), place.client()
    readers = [one.ReadLock(place.path), two.ReadLock(place.path)]
    assert all(reader.acquire(timeout=PATIENCE) for reader in readers)
    writer = three.WriteLock(place.path)
    assert writer.acquire(blocking=False) is False
    for reader in readers:
        reader.release()
    assert writer.acquire(timeout=PATIENCE)
    assert one.ReadLock(place.path).acquire(blocking=False) is False
    writer.release()


@check
def semaphore(place):
    leases = [place.client().Semaphore(place.path, max_leases=2) for _ in range(3)]
    assert leases[0].acquire() and leases[1].acquire()
    assert leases[2].acquire(blocking=False) is False
    leases[0].release()
    assert leases[2].acquire(timeout=PATIENCE)
    for lease in leases[1:]:
        lease.release()


@check
def election(place):
    led = []
    contenders = [place.client().Election(place.path, str(i)) for i in range(3)]
    threads = [in_thread(lambda one=one, i=i: one.run(lambda: led.append(i))) for i, one in enumerate(contenders)]
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(led) == [0, 1, 2], led


@check
def party(place):
    members = [place.client().Party(place.path, str(i)) for i in range(3)]
    for member in members:
        member.join()
    assert sorted(members[0]) == ['0', '1', '2'] and len(members[1]) == 3
    members[2].leave()
    eventually('one less', lambda: sorted(members[0]) == ['0', '1'])


@check
def barrier(place):
    barrier = place.zk.Barrier(place.path)
    barrier.create()
    assert barrier.wait(0.1) is False
    passed = []
    thread = in_thread(lambda: passed.append(place.client().Barrier(place.path).wait(PATIENCE)))
    barrier.remove()
    thread.join(PATIENCE)
    assert passed == [True], passed


@check
def double_barrier(place):
    inside, left = [], []
    barriers = [place.client().DoubleBarrier(place.path, 3) for _ in range(3)]

    def through(barrier):
        barrier.enter()
        inside.append(1)
        barrier.leave()
        left.append(len(inside))
    threads = [in_thread(lambda one=one: through(one)) for one in barriers]
    for thread in threads:
        thread.join(PATIENCE)
    assert left == [3, 3, 3], left


@check
def counter(place):
    def add(zk):
        counter = zk.Counter(place.path)
        for _ in range(20):
            counter += 1
    threads = [in_thread(lambda zk=place.client(): add(zk)) for _ in range(3)]
    for thread in threads:
        thread.join(PATIENCE)
    assert place.zk.Counter(place.path).value == 60


@check
def queue(place):
    queue = place.zk.Queue(place.path)
    for value, priority in [(b'late', 200), (b'first', 10), (b'second', 100)]:
        queue.put(value, priority)
    assert len(queue) == 3
    assert [queue.get() for _ in range(4)] == [b'first', b'second', b'late', None]


@check
def locking_queue(place):
    queue, other = place.zk.LockingQueue(place.path), place.client().LockingQueue(place.path)
    queue.put_all([b'1', b'2'])
    assert queue.get(PATIENCE) == b'1' and other.get(PATIENCE) == b'2'
    assert queue.holds_lock() and queue.consume() and not queue.consume()
    other.release()
    assert queue.get(PATIENCE) == b'2' and queue.consume()
    assert len(queue) == 0


@check
def set_partitioner(place):
    shared = [str(i) for i in range(6)]
    parts = [place.client().SetPartitioner(place.path, shared, identifier=str(i), time_boundary=0.2) for i in range(2)]

    def settled():
        for part in parts:
            if part.release:
                part.release_set()
        return all(part.acquired for part in parts) and sorted(sum([list(part) for part in parts], [])) == shared
    eventually('each has its part', settled)
    parts[1].finish()
    eventually('one has all', lambda: (settled_one(parts[0]), parts[0].acquired and sorted(parts[0]) == shared)[1])
    parts[0].finish()


def settled_one(part):
    if part.release:
        part.release_set()


@check
def reconnect(place):
    states = []
    zk = place.client()
    zk.add_listener(states.append)
    zk.create(place.path, ephemeral=True)
    session = zk.client_id
    zk._connection._socket.shutdown(socket.SHUT_RDWR)
    eventually('connected again', lambda: KazooState.CONNECTED in states)
    assert KazooState.LOST not in states and zk.client_id == session
    assert zk.exists(place.path).ephemeralOwner == session[0]
    zk.stop()
    zk.start(PATIENCE)
    assert zk.exists(place.path) is None


@check
def expiry(place):
    zk = KazooClient(place.servers, timeout=40)
    may_connect = threading.Event()
    may_connect.set()
    connect = zk._connection._connect_loop

    def connect_when_allowed(retry):
        may_connect.wait(PATIENCE)
        return connect(retry)
    zk._connection._connect_loop = connect_when_allowed
    place.start(zk)
    zk.create(place.path, ephemeral=True)
    states = []
    zk.add_listener(states.append)

    # Else it comes back at once and takes the session away from the one that ends it.
    may_connect.clear()
    other = place.start(KazooClient(place.servers, timeout=40, client_id=zk.client_id))
    other.stop()
    may_connect.set()
    eventually('lost', lambda: KazooState.LOST in states)
    eventually('a new session', lambda: zk.connected and place.zk.exists(place.path) is None)


@check
def commands(place):
    assert place.zk.command(b'ruok') == 'imok'
    assert place.zk.server_version()[0] == 3


def main(servers):
    for body in CHECKS:
        place = None
        try:
            place = Place(servers, '/kazoo-' + body.__name__)
            body(place)
            print('ok ' + body.__name__)
        except BaseException as error:  # pylint: disable=broad-except
            where = traceback.extract_tb(sys.exc_info()[2])[-1]
            print('not ok %s: %s %s at line %s' % (body.__name__, type(error).__name__, error, where[1]))
        finally:
            if place is not None:
                place.close()
        sys.stdout.flush()
    print('done')


main(sys.argv[1])
