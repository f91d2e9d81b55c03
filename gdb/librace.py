# SPDX-License-Identifier: MIT
"""gdb commands for a process under librace, live or as a core: race threads, maps, races, race N, locks.

    (gdb) source /usr/local/share/librace/gdb/librace.py
    (gdb) race help

Everything is read from memory: no function of the process is called, nothing is written. Where things lie is told by librace.so itself,
in rows that a note of the file leads to (preload/sys/describe.h), so that neither its debug information nor its symbols are needed.
What the rows do not say is not shown. The process may be in the middle of a change: what makes no sense is left out.
"""

import os
import re
import struct

import gdb

VERSION = 1  # of the rows
NOBODY = 0xffffffff
KINDS = ('data race', 'use of dead map', 'stale iterator', 'check then act')
CLASSES = ('possible', 'likely', 'certain')
CAUSES = ('forgotten-lock', 'different-locks', 'read-lock-write', 'iterate-write', 'first-use', 'use-after-destroy', 'publication',
          'unsynchronised')
OUTCOMES = ('printed', 'suppressed', 'over max_reports')
LOCKS = ('mutex', 'rwlock', 'spin lock', 'lock')
STATES = ('free', 'live', 'destroyed', 'not checked')
LONGEST_LOCK = 56  # pthread_rwlock_t


class Trouble(gdb.GdbError):
    """Ends a command with one line."""


# ---- memory ------------------------------------------------------------------------------------------------------------------------------

def read(at, n):
    return bytes(gdb.selected_inferior().read_memory(at, n))


def number(at, n):
    return int.from_bytes(read(at, n), 'little')


def text_at(at, most=200):
    out = b''
    while at and len(out) < most:
        try:
            piece = read(at + len(out), 16)
        except gdb.MemoryError:
            break
        end = piece.find(b'\0')
        out += piece if end < 0 else piece[:end]
        if end >= 0:
            break
    return clean(out)


def clean(raw):
    """Text of the program: nothing that a terminal obeys."""
    return ''.join(c if c.isprintable() else '\\x%02x' % ord(c) for c in raw.split(b'\0')[0].decode('utf-8', 'backslashreplace'))


# ---- librace.so in the process -----------------------------------------------------------------------------------------------------------

def mappings():
    """(address, file) of each mapping that begins a file."""
    try:
        out = gdb.execute('info proc mappings', to_string=True)
    except gdb.error:
        raise Trouble('race: no process and no core; begin with `gdb -p PID` or `gdb PROGRAM CORE`')
    for line in out.split('\n'):
        m = re.match(r'\s*0x([0-9a-f]+)\s+0x[0-9a-f]+\s+0x[0-9a-f]+\s+0x0\s+(?:[-rwxps]{4,5}\s+)?(/.*?)\s*$', line)
        if m:
            yield int(m.group(1), 16), re.sub(r' \(deleted\)$', '', m.group(2))


def note_of(base, head):
    """Address of the content of our note, from the first bytes of a loaded file."""
    if head[:5] != b'\x7fELF\x02':
        return None
    phoff, = struct.unpack_from('<Q', head, 32)
    size, count = struct.unpack_from('<HH', head, 54)
    bias = None
    headers = []
    for i in range(count):
        if phoff + (i + 1) * size > len(head):
            return None
        kind, _, _, vaddr, _, _, memsz, _ = struct.unpack_from('<IIQQQQQQ', head, phoff + i * size)
        if kind == 1 and bias is None:
            bias = base - (vaddr & ~4095)
        if kind == 4:
            headers.append((vaddr, memsz))
    for vaddr, memsz in headers:
        if memsz > 1 << 16 or bias is None:
            continue
        at, end = bias + vaddr, bias + vaddr + memsz
        while at + 12 <= end:
            offset = at - base
            piece = head[offset:offset + 20] if offset + 20 <= len(head) else read(at, 20)
            names, content, _ = struct.unpack_from('<III', piece)
            if names == 8 and piece[12:20] == b'librace\0':
                return at + 20
            at += 12 + (names + 3 & ~3) + (content + 3 & ~3)
    return None


class Library:
    """The rows: .at[name] an address, .field[name] (offset, bytes), .value[name] a number."""

    def __init__(self):
        self.row = {}
        for base, path in mappings():
            try:
                head = read(base, 4096)
                content = note_of(base, head)
            except gdb.MemoryError:
                # a core without the first pages of files: the file itself has them, if it is the same one
                head, content = self.head_of_file(path), None
                if head and 'librace' in os.path.basename(path):
                    content = note_of(base, head)
            if content:
                self.take(content, head, base)
                return
        raise Trouble('race: librace.so is not in this process; start it with LD_PRELOAD=/absolute/path/to/librace.so')

    @staticmethod
    def head_of_file(path):
        try:
            with open(path, 'rb') as f:
                return f.read(4096)
        except OSError:
            return None

    def take(self, content, head, base):
        offset = content - base
        note = head[offset:offset + 24] if offset + 24 <= len(head) else read(content, 24)
        version, bytes_, start, stop = struct.unpack('<IIqq', note)
        if version != VERSION:
            raise Trouble('race: this librace.so describes itself in version %d, this script knows %d; take the script that was installed '
                          'with it' % (version, VERSION))
        first, last = content + 8 + start, content + 16 + stop
        try:
            rows = read(first, last - first)
        except gdb.MemoryError:
            raise Trouble('race: the data of librace.so is not in this core (see coredump_filter in core(5))')
        for at in range(0, len(rows), bytes_):
            name, value, size = struct.unpack_from('<40sQQ', rows, at)
            self.row[name.split(b'\0')[0].decode()] = (value, size)

    def at(self, name):
        return self.row[name][0]

    def size(self, name):
        return self.row[name][0]

    def get(self, name, base):
        """A field of the struct at base."""
        offset, n = self.row[name]
        return number(base + offset, n)

    def of(self, name, raw, start=0):
        """The same of a struct that has been read."""
        offset, n = self.row[name]
        return int.from_bytes(raw[start + offset:start + offset + n], 'little')

    def bytes_of(self, name, raw, start=0):
        offset, n = self.row[name]
        return raw[start + offset:start + offset + n]

    def object(self, name):
        """The value of a variable."""
        return number(*self.row[name])

    def word(self, word):
        """slot, clock, stack of a packed word."""
        stack, clock = self.at('word_stack_bits'), self.at('word_clock_bits')
        return word >> stack + clock, word >> stack & (1 << clock) - 1, word & (1 << stack) - 1


# ---- stacks ------------------------------------------------------------------------------------------------------------------------------

def innermost(pc):
    """The function whose code this is, which may be inlined in another; None."""
    try:
        block = gdb.block_for_pc(pc)
    except (gdb.error, RuntimeError):
        return None
    while block and not block.function:
        block = block.superblock
    return block.function.print_name if block else None


def plain(name):
    """Without the parameters and the symbol's version."""
    depth, name = 0, re.sub(r'@.*|( const)$', '', name)
    for i in range(len(name) - 1, 0, -1):
        if not name.endswith(')'):
            break
        depth += (name[i] == ')') - (name[i] == '(')
        if depth == 0:
            return name[:i]
    return name


def place(pc):
    """What a return address is: function and line as far as gdb knows them."""
    known = gdb.execute('info symbol 0x%x' % (pc - 1), to_string=True)
    m = re.match(r'(.*?)(?: \+ \d+)? in section ', known)
    function = m.group(1) if m else '??'
    line = gdb.find_pc_line(pc - 1)
    if line.symtab:
        inner = innermost(pc - 1) or function
        around = ', inlined in %s()' % plain(function) if m and plain(inner) != plain(function) else ''
        return '%s() at %s:%d%s' % (plain(inner), line.symtab.fullname(), line.line, around)
    library = gdb.solib_name(pc - 1)
    return '%s()%s' % (plain(function), ' in ' + library if library else '') if m else '0x%x%s' % (pc, ' in ' + library if library else '')


def stack(lib, which):
    """(name of the operation or None, return addresses) of a stack's number."""
    if not which:
        return None, []
    try:
        granule = number(lib.object('stack_index') + 4 * which, 4)
        node = lib.object('stack_room') + granule * lib.at('stack_granule')
        if not granule or lib.get('node.id', node) != which:
            return None, []
        n = min(lib.get('node.n', node), 64)
        op = lib.get('node.op', node)
        raw = read(node + lib.row['node.pc'][0], 8 * n)
    except gdb.MemoryError:
        return None, []
    try:
        name = text_at(lib.get('race_op.name', op)) if op else None
    except gdb.MemoryError:
        name = None
    return name, list(struct.unpack('<%dQ' % n, raw))


def print_stack(lib, which, indent):
    name, pcs = stack(lib, which)
    if name:
        print('%s%s()' % (indent, name))
    for pc in pcs:
        if not os.path.basename(gdb.solib_name(pc - 1) or '').startswith('librace'):  # hooks that call the program back
            print(indent + place(pc))
    if not pcs:
        print(indent + '[no stack is kept]')


# ---- threads -----------------------------------------------------------------------------------------------------------------------------

class Thread:
    def __init__(self, lib, at, facts):
        state = at + lib.at('race_thread_at')
        self.number = lib.get('race_thread.number', state)
        self.slot = lib.get('race_thread.slot', state)
        self.lwp = lib.get('host_thread.tid', at)
        offset, room = lib.row['race_thread.held']
        n = min(lib.get('race_thread.nheld', state), room // 8)
        self.held = list(struct.unpack('<%dQ' % n, read(state + offset, 8 * n)))
        self.inside = []
        offset, room = lib.row['race_thread.open']
        each = lib.at('race_thread_open_bytes')
        for i in range(min(lib.get('race_thread.nopen', state), room // each)):
            cell = number(state + offset + i * each, 8)
            if cell:
                self.inside.append(lib.get('race_cell.key', cell) & ~(1 if lib.get('race_cell.sub', cell) else 0))
        self.parent, self.stack, self.name = facts.get(self.number, (NOBODY, 0, ''))
        self.gdb = None   # gdb's thread
        self.futex = 0    # on which it sleeps

    def called(self):
        return 'main thread' if self.number == 0 else 'thread %d%s' % (self.number, ' "%s"' % self.name if self.name else '')


def facts_of(lib):
    """number -> (parent, stack of its creation, name), of running and ended threads."""
    each, room, out = lib.size('facts'), lib.at('thread_facts_room'), {}
    raw = read(lib.object('thread_facts'), each * room)
    for at in range(0, len(raw), each):
        if lib.of('facts.known', raw, at):
            out[lib.of('thread_facts.number', raw, at)] = (lib.of('thread_facts.parent', raw, at), lib.of('thread_facts.stack', raw, at),
                                                           clean(lib.bytes_of('thread_facts.name', raw, at)))
    main = out.get(0, (0, 0, ''))[2]
    return {n: (parent, made, '' if n and name == main else name) for n, (parent, made, name) in out.items()}


def take_gdb_threads(threads):
    """gdb's own threads by kernel number, and the futex that each sleeps on: from its registers, x86-64 only."""
    by_lwp = {t.ptid[1] or t.ptid[0]: t for t in gdb.selected_inferior().threads()}
    selected = gdb.selected_thread()
    frame = None
    try:
        frame = gdb.selected_frame()
    except gdb.error:
        pass
    try:
        for t in threads:
            t.gdb = by_lwp.get(t.lwp)
            if not t.gdb or not t.gdb.is_valid() or t.gdb.is_running():
                continue
            try:
                t.gdb.switch()
                top = gdb.newest_frame()
                call, word, op = [int(top.read_register(r)) & (1 << 64) - 1 for r in ('orig_rax', 'rdi', 'rsi')]
            except (gdb.error, ValueError):
                continue
            if call == 202 and op & 127 in (0, 6, 9, 13):
                t.futex = word
    finally:
        if selected and selected.is_valid():
            selected.switch()
        if frame and frame.is_valid():
            frame.select()


def threads_of(lib):
    facts, out = facts_of(lib), []
    at = lib.object('live_threads')
    while at and len(out) < 100000:
        out.append(Thread(lib, at, facts))
        at = lib.get('host_thread.next', at)
    out.sort(key=lambda t: t.number)
    take_gdb_threads(out)
    return out, facts


def called(which, threads, facts):
    for t in threads:
        if t.number == which:
            return t.called()
    if which == NOBODY:
        return 'an unknown thread'
    name = facts.get(which, (0, 0, ''))[2]
    return 'main thread' if which == 0 else 'thread %d%s' % (which, ' "%s"' % name if name else '')


def lock_text(word):
    return '%s 0x%x%s' % (LOCKS[word >> 56 & 3], word & (1 << 56) - 1, ' (read mode)' if word >> 63 else '')


def waited_for(t, threads):
    """The held lock in which the thread's futex lies, and who holds it."""
    lock, holders = None, []
    for other in threads:
        for word in other.held:
            address = word & (1 << 56) - 1
            if other is not t and t.futex and address <= t.futex < address + LONGEST_LOCK:
                if lock is None or word & (1 << 56) - 1 == lock & (1 << 56) - 1:
                    lock = word
                    holders.append(other)
    return lock, holders


def wait_text(t, threads):
    lock, holders = waited_for(t, threads)
    if lock is not None:
        return 'waits for %s, which is held by %s' % (lock_text(lock), ' and '.join(h.called() for h in holders))
    return 'sleeps on futex 0x%x' % t.futex if t.futex else ''


# ---- maps --------------------------------------------------------------------------------------------------------------------------------

class Map:
    pass


def sizes_of(lib):
    out, each = {}, lib.size('race_size')
    for at in range(lib.at('race_sizes'), lib.at('race_sizes_end'), each):
        known = lib.get('race_size.known', at)
        if known and number(known, 4) != 1:
            continue
        fields = {}
        for name in ('entries', 'buckets', 'used'):
            base = at + lib.row['race_size.' + name][0]
            fields[name] = (lib.get('race_field.offset', base), lib.get('race_field.bytes', base))
        more = lib.get('race_size.buckets_more', at)
        out[lib.get('race_size.kind', at)] = (fields, more - (1 << 32) if more >> 31 else more)
    return out


def take_size(m, sizes):
    fields, more = sizes.get(m.kind, ({}, 0))
    for name, (offset, n) in fields.items():
        try:
            value = number(m.address + offset, n) if n else None
        except gdb.MemoryError:
            value = None
        if value is not None and value >> 47 == 0:
            m.size[name] = value + (more if name == 'buckets' else 0)


def maps_of(lib):
    tables = lib.at('race_tables')
    cells, reach, infos = [lib.get('race_tables.' + n, tables) for n in ('cells', 'cell_reach', 'infos')]
    mask, forks = lib.get('race_tables.cell_mask', tables), lib.get('race_tables.forks', tables)
    each, info = lib.size('race_cell'), lib.size('map_info')
    homes, sizes, seen, kinds = read(reach, mask + 1), sizes_of(lib), set(), {0: 'map'}
    for home in range(mask + 1):
        for i in range(homes[home]):
            where = home + i & mask
            if where in seen:
                continue
            seen.add(where)
            raw = read(cells + where * each, each)
            key, state = lib.of('race_cell.key', raw), lib.of('race_cell.state', raw)
            if not key or lib.of('race_cell.sub', raw):
                continue
            about = read(infos + where * info, info)
            m = Map()
            m.address, m.state, m.size = key, state, {}
            m.kind = lib.of('map_info.kind', about)
            if m.kind not in kinds:
                try:
                    kinds[m.kind] = text_at(lib.get('race_kind.name', m.kind))
                except gdb.MemoryError:
                    kinds[m.kind] = 'map'
            m.kind_name = kinds[m.kind]
            m.label = clean(lib.bytes_of('map_info.label', about))
            m.created_stack, m.created_thread = lib.of('map_info.created_stack', about), lib.of('map_info.created_thread', about)
            m.written, m.read = lib.of('race_cell.w', raw), lib.of('race_cell.r', raw)
            seq, slot = lib.of('race_cell.seq', raw), lib.of('race_cell.wslot', raw)
            m.inside = slot - 1 if seq & 1 and slot and lib.of('race_cell.forks', raw) == forks else None
            if state != lib.at('cell_dead'):
                take_size(m, sizes)
            yield m


def number_of_word(lib, word):
    """Who made that access; None when the slot has been given on since."""
    slot, clock, _ = lib.word(word)
    if slot >= lib.object('slots_used'):
        return None
    at = lib.object('slots') + slot * lib.size('slot')
    return lib.get('slot.number', at) if clock >= lib.get('slot.first', at) else None


def map_text(m):
    parts = ['%s 0x%x' % (m.kind_name, m.address)]
    if m.label:
        parts[0] += ' "%s"' % m.label
    if m.state != 1:
        parts.append(STATES[m.state & 3])
    for name, words in (('entries', 'entries'), ('buckets', 'buckets')):
        if name in m.size:
            parts.append('%d %s' % (m.size[name], words))
    if 'used' in m.size and 'entries' in m.size:
        parts.append('%d tombstones' % max(0, m.size['used'] - m.size['entries']))
    return ', '.join(parts)


# ---- findings ----------------------------------------------------------------------------------------------------------------------------

def findings_of(lib):
    count, kept, each = lib.object('told_count'), lib.at('told_kept'), lib.size('told')
    for n in range(max(1, count - kept + 1), count + 1):
        raw = read(lib.at('told_ring') + (n - 1) % kept * each, each)
        if lib.of('told.number', raw) == n:
            yield n, raw


def pick(words, i):
    return words[i] if i < len(words) else '?'


def finding_text(lib, raw, threads, facts):
    kind = lib.of('told.kind', raw)
    words = [pick(KINDS, kind)]
    if kind == 0:
        words.append(pick(CLASSES, lib.of('told.verdict', raw)))
    words += [pick(CAUSES, lib.of('told.cause', raw)), pick(OUTCOMES, lib.of('told.how', raw))]
    try:
        name = text_at(lib.get('race_kind.name', lib.of('told.map_kind', raw)))
    except gdb.MemoryError:
        name = 'map'
    label = clean(lib.bytes_of('told.label', raw))
    return '%s: %s 0x%x%s: %s by %s, previous %s by %s' % (
        ', '.join(words), name, lib.of('told.map', raw), ' "%s"' % label if label else '',
        'write' if lib.of('told.now_write', raw) else 'read', called(lib.of('told.now_thread', raw), threads, facts),
        'write' if lib.of('told.before_write', raw) else 'read', called(lib.of('told.before_thread', raw), threads, facts))


def locks_text(lib, raw, side):
    n = lib.of('told.%s_nlocks' % side, raw)
    words = struct.unpack('<%dQ' % (lib.row['told.%s_locks' % side][1] // 8), lib.bytes_of('told.%s_locks' % side, raw))
    shown = [lock_text(w) for w in words[:n]]
    return ', '.join(shown) + (' and %d more' % (n - len(shown)) if n > len(shown) else '') if n else 'no lock'


# ---- commands ----------------------------------------------------------------------------------------------------------------------------

HELP = '''race threads       the threads, with kernel and gdb numbers, and what each holds, waits for and changes
race maps [ADDR]   the maps, with their size, their creator, and who used them last; with an address, that one in full
race races         the last findings, a line each
race race N        one of them, with both stacks
race locks [N]     the locks that threads hold, and who waits for them; with a number, one thread's
race help          this
Nothing is called and nothing is written in the process; a core will do. docs/gdb.md has more.'''


def one_number(words, what):
    try:
        return int(words, 0)
    except ValueError:
        raise Trouble('race: %s is no number; wanted is %s' % (words, what))


def do_threads(lib, words):
    threads, facts = threads_of(lib)
    print('Threads: %d' % len(threads))
    for t in threads:
        parts = ['%s (LWP %d%s)' % (t.called(), t.lwp, ', gdb %d' % t.gdb.num if t.gdb else '')]
        parts.append('holds ' + (', '.join(lock_text(w) for w in t.held) if t.held else 'no lock'))
        if wait_text(t, threads):
            parts.append(wait_text(t, threads))
        parts += ['changes map 0x%x' % m for m in t.inside]
        print('  ' + '; '.join(parts))


def do_maps(lib, words):
    wanted = one_number(words, 'the address of a map') if words else None
    threads, facts = threads_of(lib)
    found = 0
    for m in maps_of(lib):
        if wanted is not None and m.address != wanted:
            continue
        found += 1
        line = map_text(m)
        for what, word in (('write', m.written), ('read', m.read)):
            if word == (1 << 64) - 1:
                line += '; last %s by several threads' % what
            elif word:
                who = number_of_word(lib, word)
                line += '; last %s by %s' % (what, called(NOBODY if who is None else who, threads, facts))
        if m.inside is not None:
            line += '; being changed by ' + next((t.called() for t in threads if t.slot == m.inside), 'a thread that is gone')
        print('  ' + line)
        if wanted is not None and m.created_stack:
            print('    created by %s at:' % called(m.created_thread, threads, facts))
            print_stack(lib, m.created_stack, '      ')
        if wanted is not None:
            for what, word in (('written', m.written), ('read', m.read)):
                if word and word != (1 << 64) - 1:
                    print('    last %s at:' % what)
                    print_stack(lib, lib.word(word)[2], '      ')
    if wanted is not None and not found:
        raise Trouble('race: no map is known at 0x%x; `race maps` lists them' % wanted)
    if wanted is None:
        print('Maps: %d' % found)


def do_races(lib, words):
    threads, facts = threads_of(lib)
    print('Findings: %d' % lib.object('told_count'))
    for n, raw in findings_of(lib):
        print('  %d. %s' % (n, finding_text(lib, raw, threads, facts)))


def do_race(lib, words):
    wanted = one_number(words, 'the number of a finding; `race races` lists them')
    threads, facts = threads_of(lib)
    for n, raw in findings_of(lib):
        if n != wanted:
            continue
        print('%d. %s' % (n, finding_text(lib, raw, threads, facts)))
        for side, words in (('now', ''), ('before', 'previous ')):
            print('  %s%s by %s, holding %s' % (words, 'write' if lib.of('told.%s_write' % side, raw) else 'read',
                                                called(lib.of('told.%s_thread' % side, raw), threads, facts), locks_text(lib, raw, side)))
            print_stack(lib, lib.of('told.%s_stack' % side, raw), '    ')
        if lib.of('told.created_stack', raw):
            print('  the map was created at:')
            print_stack(lib, lib.of('told.created_stack', raw), '    ')
        if lib.of('told.gap_ns', raw):
            print('  %.3f ms apart; report number %d of the process' % (lib.of('told.gap_ns', raw) / 1e6, lib.of('told.sequence', raw)))
        return
    raise Trouble('race: there is no finding %d in memory; `race races` lists them' % wanted)


def do_locks(lib, words):
    wanted = one_number(words, 'the number of a thread') if words else None
    threads, facts = threads_of(lib)
    if wanted is not None and not any(t.number == wanted for t in threads):
        raise Trouble('race: no running thread %d; `race threads` lists them' % wanted)
    lines = 0
    for t in threads:
        if wanted is not None and t.number != wanted:
            continue
        for word in reversed(t.held):
            waiting = [o.called() for o in threads if o is not t and (waited_for(o, threads)[0] or 0) & (1 << 56) - 1 == word & (1 << 56) - 1]
            print('  %s holds %s%s' % (t.called(), lock_text(word), '; waiting: ' + ', '.join(waiting) if waiting else ''))
            lines += 1
        if t.futex:
            print('  %s %s' % (t.called(), wait_text(t, threads)))
            lines += 1
    if not lines:
        print('  no lock is held')


class Race(gdb.Command):
    """What librace knows of this process: race threads, maps, races, race N, locks, help."""

    COMMANDS = {'threads': do_threads, 'maps': do_maps, 'races': do_races, 'race': do_race, 'locks': do_locks}

    def __init__(self):
        super().__init__('race', gdb.COMMAND_DATA)

    def complete(self, text, word):
        return [c for c in list(self.COMMANDS) + ['help'] if c.startswith(word)] if text == word else []

    def invoke(self, argument, from_tty):
        verb, _, words = argument.strip().partition(' ')
        if verb in ('', 'help'):
            print(HELP)
            return
        if verb not in self.COMMANDS:
            raise Trouble('race: unknown command %s; `race help` lists them' % verb)
        try:
            self.COMMANDS[verb](Library(), words.strip())
        except gdb.MemoryError as e:
            raise Trouble('race: memory that is needed is not there (%s); was the core cut?' % e)
        except KeyError as e:
            raise Trouble('race: this librace.so does not describe %s; take the script that was installed with it' % e)


Race()
