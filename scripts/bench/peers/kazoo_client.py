# kazoo as a client of the bench: tasks as words in, answers as JSON out, one line each (see programs/task.ts).
import itertools
import json
import logging
import os
import sys
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError

logging.disable(logging.CRITICAL)


def parse(line):
    task = dict(word.split("=", 1) for word in line.split())
    for name in ("total", "inFlight", "size"):
        task[name] = int(task[name])
    return task


def numbered(parent, prefix, index):
    return "%s/%s-%08d" % (parent, prefix, index)


def sender(client, task):
    """A function that sends request number `index` and returns its AsyncResult."""
    op, path, data = task["op"], task["path"], b"x" * task["size"]
    if op == "get":
        return lambda index: client.get_async(path)
    if op == "set":
        return lambda index: client.set_async(path, data)
    if op == "list":
        return lambda index: client.get_children_async(path)
    if op == "create":
        paths = [numbered(path, task["tag"], index) for index in range(task["total"])]
        return lambda index: client.create_async(paths[index], data, ephemeral=True)
    if op == "watch":
        def watcher(event):
            pass
        return lambda index: client.exists_async(numbered(path, "node", index), watcher)
    raise ValueError("no %s here" % op)


def pipelined(send, total, in_flight):
    """Keeps `in_flight` requests under way; each answer sends the next request, on kazoo's callback thread."""
    indexes = itertools.count()
    answers = itertools.count(1)
    over = threading.Event()
    failures = []

    def begin():
        index = next(indexes)
        if index < total:
            send(index).rawlink(answered)

    def answered(result):
        if result.exception is not None and not isinstance(result.exception, NoNodeError):
            failures.append(result.exception)
            over.set()
            return
        begin()
        if next(answers) == total:
            over.set()

    for _ in range(in_flight):
        begin()
    over.wait()
    if failures:
        raise failures[0]


def one_by_one(send, total):
    latencies = []
    for index in range(total):
        began = time.perf_counter()
        send(index).get()
        latencies.append((time.perf_counter() - began) * 1e6)
    return sorted(latencies)


def run(task):
    client = KazooClient(task["connect"], timeout=30)
    client.start()
    send, total = sender(client, task), task["total"]
    cpu, began = time.process_time(), time.perf_counter()
    latencies = None
    if task["inFlight"] == 1:
        latencies = one_by_one(send, total)
    else:
        pipelined(send, total, task["inFlight"])
    seconds = time.perf_counter() - began
    cpu = time.process_time() - cpu
    # Watches are looked at from outside while the client stays.
    if task["op"] != "watch":
        client.stop()
        client.close()
    return {
        "perSecond": total / seconds,
        "cpu": cpu * 1e6 / total,
        "p50": latencies[int((total - 1) * 0.5)] if latencies else None,
        "p99": latencies[int((total - 1) * 0.99)] if latencies else None,
        "heap": None,
    }


def say(value):
    print(json.dumps(value), flush=True)


def main():
    say({"ready": True})
    for line in sys.stdin:
        try:
            say(run(parse(line)))
        except Exception as error:
            say({"error": "%s: %s" % (type(error).__name__, error)})


if __name__ == "__main__":
    main()
    # A client whose connection was cut has threads that would keep the process.
    os._exit(0)
