#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
load.py haproxy SOCKET ADMIN_SOCKET | rsyslog STREAM_SOCKET LOG_SOCKET

Loads a daemon from several threads, each with a connection of its own, and prints what it was told: the same in every run.
"""

import hashlib
import socket
import sys
import threading

THREADS = 4


def unix(path, kind=socket.SOCK_STREAM):
    s = socket.socket(socket.AF_UNIX, kind)
    s.settimeout(60)
    s.connect(path)
    return s


def parallel(work):
    """Runs work(number) in THREADS threads; what one raised is raised here."""
    failed = []

    def run(number):
        try:
            work(number)
        except Exception as e:
            failed.append(e)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failed:
        raise failed[0]


class Http:
    """One keep-alive connection."""

    def __init__(self, path):
        self.path, self.s = path, None

    def get(self, path, **headers):
        if not self.s:
            self.s = unix(self.path)
            self.f = self.s.makefile("rb")
        lines = ["GET %s HTTP/1.1" % path] + ["%s: %s" % (k.replace("_", "-"), v) for k, v in headers.items()]
        self.s.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        status = self.f.readline().split()[1].decode()
        got = {}
        while True:
            line = self.f.readline().strip().decode()
            if not line:
                break
            k, v = line.split(":", 1)
            got[k.lower()] = v.strip()
        body = self.f.read(int(got["content-length"])).decode()
        if got.get("connection") == "close":
            self.close()
        return status, got, body

    def close(self):
        self.s.close()
        self.s = None


def haproxy(path, admin):
    answers = [[] for _ in range(THREADS)]

    def work(number):
        c = Http(path)
        for i in range(350):
            n = number * 350 + i
            head = {"Host": "host%d" % (n % 520), "User_Agent": "agent%d" % (n % 400), "X_Client": "client%d" % (n % 700)}
            if i % 4:
                head["Cookie"] = "SRV=c%d" % (n % 20 + 1)
            status, got, body = c.get("/p%d" % n, **head)
            if i % 4 == 0:  # the server is haproxy's choice: it must be one of them and have its cookie
                server = body.split()[0]
                assert got["set-cookie"].startswith("SRV=c" + server[1:] + ";"), got
                body = body[len(server):]
            answers[number].append(status + " " + body)
            if i % 50 == 49:
                c.close()

    parallel(work)
    everything = "\n".join(a for one in answers for a in one)
    print(len(everything.split("\n")), hashlib.md5(everything.encode()).hexdigest())
    print(answers[2][:3])

    def command(text):
        s = unix(admin)
        s.sendall(text.encode() + b"\n")
        out = b""
        while True:
            some = s.recv(65536)
            if not some:
                return out.decode()
            out += some

    table = [x for x in command("show table seen").split("\n") if "key=" in x]
    counted = sum(int(x.split("http_req_cnt=")[1].split()[0]) for x in table)
    print("stick table:", len(table), "clients", counted, "requests")
    command("set map #0 host1 elsewhere")
    command("clear table seen key client5")
    command("disable server servers/s3")
    table = [x for x in command("show table seen").split("\n") if "key=" in x]
    print("stick table:", len(table), "clients")
    print(Http(path).get("/again", Host="host1", User_Agent="x", Cookie="SRV=c2")[2].split())


def rsyslog(stream, log):
    def work(number):
        s = unix(stream)
        for i in range(1000):
            s.sendall(b"<13>Jan  1 00:00:00 h%d tag: word%d message %d from %d\n" % (number, i % 100, i, number))
        s.close()
        s = unix(log, socket.SOCK_DGRAM)
        for i in range(500):
            s.send(b"<13>Jan  1 00:00:00 tag: word%d datagram %d from %d" % (i % 100, i, number))

    parallel(work)


{"haproxy": haproxy, "rsyslog": rsyslog}[sys.argv[1]](*sys.argv[2:])
