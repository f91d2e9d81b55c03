#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""client.py SOCKET - loads memcached from four threads and prints what it answered; the same answers in every run."""

import socket
import sys
import threading

THREADS, KEYS = 4, 1500


class Client:
    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.connect(path)
        self.f = self.s.makefile("rwb")

    def ask(self, text):
        self.f.write(text)
        self.f.flush()
        return self.f.readline()

    def get(self, key):
        first = self.ask(b"get %s\r\n" % key)
        if first == b"END\r\n":
            return None
        value = self.f.read(int(first.split()[3]) + 2)[:-2]
        assert self.f.readline() == b"END\r\n"
        return value


def load(path, number, wrong):
    c = Client(path)
    for i in range(KEYS):
        key, value = b"t%d-%d" % (number, i), b"v%d" % (i * number) * (i % 50 + 1)
        if c.ask(b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value)) != b"STORED\r\n":
            wrong.append(f"set {key}")
        if c.get(key) != value:
            wrong.append(f"get {key}")
        if i % 3 == 0 and c.ask(b"delete %s\r\n" % key) != b"DELETED\r\n":
            wrong.append(f"delete {key}")
        c.ask(b"incr counter 1\r\n")


def main():
    path = sys.argv[1]
    c = Client(path)
    c.ask(b"set counter 0 0 1\r\n0\r\n")
    wrong = []
    threads = [threading.Thread(target=load, args=(path, n, wrong)) for n in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    kept = sum(c.get(b"t%d-%d" % (n, i)) is not None for n in range(THREADS) for i in range(KEYS))
    print("counter", c.get(b"counter").decode().strip(), "kept", kept, "wrong", wrong[:3])


main()
