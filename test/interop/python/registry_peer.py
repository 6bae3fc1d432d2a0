"""The Python side of the interop tests: drives nd_service_registry, or kazoo alone, by lines of JSON.

The one argument is a JSON object: servers, and optionally username, password, timeout, readonly,
cachefile, lazy, rate_limit_calls, rate_limit_time, acl as lists of perms, scheme and id. A line {"id", "cmd", "args"} on standard input is
answered by a line {"id", "ok"} or {"id", "error": {"type", "message"}} on standard output; a watch
sends lines {"event", "path", "snapshot"} besides. Each command runs in a thread of its own, so that a
command that waits holds up none. The process ends with its standard input.
"""
import argparse
import base64
import json
import os
import sys
import threading

import kazoo
from kazoo.exceptions import NoNodeError
from kazoo.security import ACL, Id

try:
    from nd_service_registry import KazooServiceRegistry
    from nd_service_registry.registration import EphemeralNode
    from nd_service_registry.version import __version__ as registry_version
except ImportError:
    from kazoo_registry import EphemeralNode, KazooServiceRegistry
    registry_version = None

OUTPUT_LOCK = threading.Lock()


def send(message):
    """Writes one line, whole, whatever thread speaks."""
    line = json.dumps(message, default=str)
    with OUTPUT_LOCK:
        sys.stdout.write(line + '\n')
        sys.stdout.flush()


def plain(snapshot):
    """A get() result with the stat as a dict."""
    if not snapshot:
        return snapshot
    stat = snapshot['stat']
    return dict(snapshot, stat=stat._asdict() if stat else None)


class Peer(object):
    """The commands. Each public method is one, and its parameters are the command's arguments."""

    def __init__(self, options):
        options = dict(options)
        if 'acl' in options:
            options['acl'] = [ACL(perms, Id(scheme, id_)) for perms, scheme, id_ in options['acl']]
        self._registry = KazooServiceRegistry(server=options.pop('servers'), **options)
        self._held = {}

    @property
    def _zk(self):
        return self._registry._zk

    def about(self):
        """What runs here."""
        return {
            'flavour': 'nd_service_registry' if registry_version else 'kazoo',
            'python': sys.version.split()[0],
            'kazoo': kazoo.__version__,
            'nd_service_registry': registry_version,
            'pid': os.getpid(),
            'session': '0x%x' % (self._zk.client_id[0] & (2 ** 64 - 1)),
        }

    # The registry.

    def get(self, path):
        return plain(self._registry.get(path))

    def watch(self, path):
        """A get() whose callback sends an event for each change."""
        def changed(snapshot):
            send({'event': 'change', 'path': path, 'snapshot': plain(snapshot)})
        return plain(self._registry.get(path, callback=changed))

    def get_state(self):
        return self._registry.get_state()

    def set_node(self, path, data=None, state=True):
        return self._registry.set_node(path, data, state)

    def set_data(self, path, data=None, state=True):
        return self._registry.set_data(path, data, state)

    def unset(self, path, ephemeral=False):
        if ephemeral:
            return self._registry.unset(path, type=EphemeralNode)
        return self._registry.unset(path)

    def set_username(self, username):
        self._registry.set_username(username)

    def set_password(self, password):
        self._registry.set_password(password)

    # The registry's locks, which it keeps by path.

    def get_lock(self, path, name=None, simultaneous=1, wait=300):
        return self._registry.get_lock(path, name, simultaneous, wait).status()

    def acquire_lock(self, path, name=None, simultaneous=1, wait=300):
        return bool(self._registry.acquire_lock(path, name, simultaneous, wait))

    def release_lock(self, path):
        return self._registry.release_lock(path)

    def lock_status(self, path):
        lock = self._registry._locks.get(path)
        return bool(lock and lock.status())

    # kazoo's own recipes, kept by a handle that the caller chooses.

    def recipe_acquire(self, handle, recipe, path, identifier=None, timeout=None, **extra):
        """recipe is Lock, ReadLock, WriteLock or Semaphore; extra goes to its constructor."""
        if handle not in self._held:
            self._held[handle] = getattr(self._zk, recipe)(path, identifier, **extra)
        return bool(self._held[handle].acquire(timeout=timeout))

    def recipe_contenders(self, handle):
        held = self._held[handle]
        return sorted(held.lease_holders() if hasattr(held, 'lease_holders') else held.contenders())

    def recipe_release(self, handle):
        return self._held.pop(handle).release()

    # The znode as it is, past the registry.

    def read(self, path):
        """The bytes, stat, children and ACL of a znode, or None."""
        try:
            data, stat = self._zk.get(path)
            return {
                'data': base64.b64encode(data).decode('ascii'),
                'stat': stat._asdict(),
                'children': sorted(self._zk.get_children(path)),
                'acl': [[a.perms, a.id.scheme, a.id.id] for a in self._zk.get_acls(path)[0]],
            }
        except NoNodeError:
            return None

    def write(self, path, data, ephemeral=False):
        """Creates a znode, or sets it if it is there."""
        raw = base64.b64decode(data)
        if self._zk.exists(path):
            self._zk.set(path, raw)
        else:
            self._zk.create(path, raw, ephemeral=ephemeral, makepath=True)

    def delete(self, path):
        self._zk.delete(path, recursive=True)

    def cli(self, path, outputformat, data=False):
        """What the package's `ndsr get` prints, but for the line break of print."""
        from nd_service_registry.bin.ndsr.get import Get
        flags = argparse.Namespace(outputformat=outputformat, data=data, recursive=False)
        return Get(self._registry).execute(['ndsr', 'get', path], flags)

    def stop(self):
        self._registry.stop()

    def start(self):
        self._registry.start()


def answer(peer, request):
    """Runs one command and sends its result or its error."""
    try:
        method = None if request['cmd'].startswith('_') else getattr(peer, request['cmd'], None)
        if method is None:
            raise ValueError('no command %s' % request['cmd'])
        send({'id': request['id'], 'ok': method(**request.get('args', {}))})
    except BaseException as error:
        send({'id': request['id'], 'error': {'type': type(error).__name__, 'message': str(error)}})


def main():
    try:
        peer = Peer(json.loads(sys.argv[1]))
        send({'id': 0, 'ok': peer.about()})
    except BaseException as error:
        send({'id': 0, 'error': {'type': type(error).__name__, 'message': str(error)}})
        os._exit(1)
    for line in iter(sys.stdin.readline, ''):
        thread = threading.Thread(target=answer, args=(peer, json.loads(line)))
        thread.daemon = True
        thread.start()
    peer.stop()
    # A command that still waits must not keep the process.
    sys.stdout.flush()
    os._exit(0)


if __name__ == '__main__':
    main()
