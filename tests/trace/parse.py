# SPDX-License-Identifier: MIT
"""Reads a trace file after docs/trace.md, not after the code: what `race` says of a trace is compared with this."""

import collections
import struct

Event = collections.namedtuple('Event', 'ticks type flags id stack object a b begin thread')
BEGIN, END, CALL, THREAD, CREATE, BORN, GONE, FINDING, PAUSE, CONTEXT, MADE = range(1, 12)


class Trace:
    def __init__(self, path):
        with open(path, 'rb') as f:
            data = f.read()
        head = struct.unpack_from('<QIIIIIIIIQQQQQQQQQQQII', data)
        assert data[:8] == b'RLRACET1' and head[1:5] == (1, 0x01020304, 4096, 16384), head
        self.chunks, self.pid, self.lost, self.overwritten = head[5], head[7], head[17], head[19]
        self.ended = head[21]
        self.t0, self.n0, self.t1, self.n1 = head[11:15]
        chunks = []
        for i in range(self.chunks):
            at = 4096 + i * 16384
            magic, kind, serial, thread, used = struct.unpack_from('<IIQII', data, at)
            if magic == 0x4b4e4843:
                chunks.append((serial, kind, thread, data[at + 64:at + 64 + used]))
        chunks.sort()
        self.ops, self.calls, self.threads, self.maps = {}, {}, {}, {}
        self.events = []
        for _, kind, thread, body in chunks:
            if kind == 2:
                self.words(body)
        for _, kind, thread, body in chunks:
            if kind == 1:
                self.read(thread, body)

    def words(self, body):
        at = 0
        while at < len(body):
            what, size, number = struct.unpack_from('<HHI', body, at)
            text = body[at + 8:at + size]
            if what == 1:
                self.ops[number] = text[4:56].split(b'\0')[0].decode()
            elif what == 2:
                self.calls[number] = (text[0], text[1], text[8:56].split(b'\0')[0].decode())
            elif what == 5:
                self.threads[number] = struct.unpack_from('<II', text)
            elif what == 7:
                self.maps[struct.unpack_from('<Q', text)[0]] = (text[16:48].split(b'\0')[0].decode(), text[48:96].split(b'\0')[0].decode())
            at += size

    def read(self, thread, body):
        at = 0
        while at + 32 <= len(body):
            ticks, kind, flags, number, stack, thing, a, b = struct.unpack_from('<QBBHIQII', body, at)
            begin, = struct.unpack_from('<Q', body, at + 24)
            at += 32
            if kind == CONTEXT:
                at += (a + 31) // 32 * 32
            if kind == THREAD:
                thread = thing
                self.events.append(Event(ticks, kind, flags, number, stack, thing, a, b, begin, thread))
                continue
            self.events.append(Event(ticks, kind, flags, number, stack, thing, a, b, begin, thread))

    def count(self, kind, name=None):
        names = self.ops if kind in (BEGIN, END, MADE) else {k: v[2] for k, v in self.calls.items()}
        return sum(e.type == kind and (name is None or names.get(e.id) == name) for e in self.events)
