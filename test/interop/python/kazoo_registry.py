"""A stand-in for nd_service_registry where only kazoo installs: same calls and same znodes.

It keeps no cache and registers nothing again after a lost session.
"""
import json
import os
import sys
import time

from kazoo.client import KazooClient
from kazoo.exceptions import NoAuthError, NodeExistsError, NoNodeError
from kazoo.recipe.watchers import ChildrenWatch, DataWatch
from kazoo.security import OPEN_ACL_UNSAFE, make_acl, make_digest_acl


class DataNode(object):
    ephemeral = False


class EphemeralNode(object):
    ephemeral = True


def encode(data):
    """JSON without spaces; the pid and the time come first, and a string becomes string_value."""
    everything = {'pid': os.getpid(), 'created': time.strftime('%Y-%m-%d %H:%M:%S')}
    if isinstance(data, str):
        data = {'string_value': data}
    everything.update(data or {})
    return json.dumps(everything, separators=(',', ':')).encode('utf-8')


def decode(raw):
    """None for no data, a dict for a JSON object, and string_value for the rest."""
    if not raw:
        return None
    text = raw.decode('utf-8').strip()
    if not text:
        return {}
    if text.startswith('{') and text.endswith('}'):
        try:
            return json.loads(text)
        except ValueError:
            pass
    return {'string_value': text}


class Lock(object):
    """A semaphore that is tried once; the wait that follows a failure changes nothing, as in the original."""

    def __init__(self, zk, path, name, simultaneous, wait):
        self._semaphore = zk.Semaphore(path, name, simultaneous)
        self._wait = wait

    def acquire(self):
        if not self._semaphore.acquire(blocking=False):
            time.sleep(self._wait)
        return self.status()

    def release(self):
        self._semaphore.cancel()
        return self._semaphore.release()

    def status(self):
        return self._semaphore.is_acquired


class KazooServiceRegistry(object):
    def __init__(self, server, timeout=5, username=None, password=None, readonly=False, acl=None, **_ignored):
        self._username, self._password = username, password
        self._acl = acl
        self._zk = KazooClient(hosts=server, timeout=timeout, read_only=readonly, default_acl=acl)
        self._locks = {}
        self.start()

    def start(self):
        self._zk.start(timeout=5)
        self._authenticate()

    def stop(self):
        self._zk.stop()

    def set_username(self, username):
        self._username = username
        self._authenticate()

    def set_password(self, password):
        self._password = password
        self._authenticate()

    def get_state(self):
        return self._zk.connected

    def get(self, path, callback=None):
        if callback:
            self._watch(path, lambda: callback(self.get(path)))
        try:
            raw, stat = self._zk.get(path)
            children = sorted(self._zk.get_children(path))
        except NoNodeError:
            raw, stat, children = None, None, []
        return {'path': path, 'data': decode(raw), 'children': children, 'stat': stat}

    def set_node(self, path, data=None, state=True):
        return self._set(path, data, state, ephemeral=True)

    def set_data(self, path, data=None, state=True):
        return self._set(path, data, state, ephemeral=False)

    def unset(self, path, type=DataNode):
        return self._set(path, None, False, type.ephemeral)

    # A child watch needs the znode to be there, so it waits for the data watch to see it.
    def _watch(self, path, changed):
        started = []

        def on_data(_data, stat):
            if stat and not started:
                started.append(True)
                ChildrenWatch(self._zk, path, lambda _children: changed())
            else:
                changed()
        DataWatch(self._zk, path, on_data)

    def get_lock(self, path, name=None, simultaneous=1, wait=300):
        if path not in self._locks:
            self._locks[path] = Lock(self._zk, path, name, simultaneous, wait)
        return self._locks[path]

    def acquire_lock(self, path, name=None, simultaneous=1, wait=300):
        return self.get_lock(path, name, simultaneous, wait).acquire()

    def release_lock(self, path):
        if path in self._locks:
            self._locks[path].release()
            return not self._locks[path].status()
        return True

    # What goes wrong is told on standard error and nowhere else, as in the original.
    def _set(self, path, data, state, ephemeral):
        try:
            if state:
                self._create(path, encode(data), ephemeral)
            else:
                self._zk.delete(path)
        except (NoAuthError, NoNodeError) as error:
            sys.stderr.write('[%s] %s\n' % (path, type(error).__name__))
        return True

    # Only the parent gets the ACL of the credentials; what lies above it stays open.
    def _create(self, path, raw, ephemeral):
        parent = os.path.dirname(path)
        self._zk.ensure_path(os.path.dirname(parent), acl=OPEN_ACL_UNSAFE)
        self._zk.ensure_path(parent)
        exists = False
        try:
            self._zk.create(path, raw, ephemeral=ephemeral)
        except NodeExistsError:
            exists = True
        # A data node is always written a second time.
        if exists or not ephemeral:
            self._zk.set(path, raw)

    def _authenticate(self):
        if not (self._username and self._password):
            return
        self._zk.add_auth('digest', '%s:%s' % (self._username, self._password))
        self._zk.default_acl = self._acl or (
            make_digest_acl(self._username, self._password, all=True),
            make_acl('world', 'anyone', read=True),
        )
