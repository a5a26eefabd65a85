#!/usr/bin/env python3
"""Runs the real program on a terminal of its own and measures it from outside.

    pty.py key [--seconds N=20] -- COMMAND...        from a key to the end of the frame that follows, while both sides are read
    pty.py memory -- COMMAND...                      peak memory of a first read and one refresh
    pty.py start -- COMMAND...                       from the start of the process to the end of the first frame, and to rest
    pty.py edit -- COMMAND...                        from a key in a rule that is typed to the next frame, and to the last one
    pty.py idle [--quiet-seconds N=120] -- COMMAND...  context switches of all its threads in 10 s, after a quiet time

Prints figures as tests/bench/run reads them. Exit code 3: the program draws no frames, so there is nothing to measure.

A frame is a synchronized update (ESC[?2026h ... ESC[?2026l). A key's frame is the first one that begins after the key was
written. The program is taken to be at rest when it has neither drawn nor used the processor for a second and a half.
"""

import argparse
import fcntl
import os
import re
import select
import statistics
import struct
import subprocess
import sys
import termios
import time

BEGIN, END = b"\x1b[?2026h", b"\x1b[?2026l"
# What a terminal is asked, and what ours says.
ANSWERS = [(b"\x1b[c", b"\x1b[?62;22c"), (b"\x1b[?2026$p", b"\x1b[?2026;2$y"), (b"\x1b[6n", b"\x1b[1;1R"), (b"\x1b[?u", b"\x1b[?0u")]
TICK = os.sysconf("SC_CLK_TCK")
REST = 1.5
EMPTY = 80


class NoFrames(Exception):
    """The program draws no frames."""


class Program:
    """A program on a terminal."""

    def __init__(self, command, rows=60, columns=200):
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = dict(os.environ, TERM="xterm-256color", COLORTERM="truecolor")

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, close_fds=True, preexec_fn=own_terminal)
        os.close(slave)
        self.tail = b""
        self.begun = self.ended = 0
        self.told = b""

    def read(self, until):
        """Takes what comes, once; false if nothing came before `until`."""
        ready, _, _ = select.select([self.master], [], [], max(0.0, until - time.perf_counter()))
        if not ready:
            return False
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:
            data = b""
        if not data:
            raise NoFrames(f"it ended: {self.told[-400:].decode(errors='replace')}")
        self.told = (self.told + data)[-4096:]
        text = self.tail + data
        # Only what is new counts: the tail is shorter than any of the marks.
        self.begun += text.count(BEGIN)
        self.ended += text.count(END)
        for question, answer in ANSWERS:
            for _ in range(text.count(question)):
                os.write(self.master, answer)
        keep = max((k for k in range(1, 9) for mark in [BEGIN, END, *(a for a, _ in ANSWERS)]
                    if len(mark) > k and text.endswith(mark[:k])), default=0)
        self.tail = text[len(text) - keep:] if keep else b""
        return True

    def first_frame(self, seconds=20):
        until = time.perf_counter() + seconds
        while self.ended == 0:
            if not self.read(until):
                raise NoFrames("no frame in time")

    def key(self, key, seconds=10):
        """Seconds from the key to the end of the first frame that begins after it."""
        while self.read(time.perf_counter()):
            pass
        open_frame = self.begun - self.ended
        wanted = self.begun + 1
        start = time.perf_counter()
        os.write(self.master, key)
        while self.begun < wanted or self.ended < wanted:
            if not self.read(start + seconds):
                raise NoFrames(f"no frame after the key {key!r}{' (one was open)' if open_frame else ''}")
        return time.perf_counter() - start

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def rest(self, seconds=900):
        """Waits until it neither draws nor works."""
        deadline = time.perf_counter() + seconds
        cpu, since = self.cpu(), time.perf_counter()
        while time.perf_counter() - since < REST:
            now = time.perf_counter()
            if now > deadline:
                raise NoFrames("it never comes to rest")
            drew = self.read(now + 0.2)
            used = self.cpu()
            if drew or used > cpu:
                cpu, since = used, time.perf_counter()

    def peak(self):
        """Peak memory in MiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii", errors="replace") as f:
            return int(re.search(r"VmHWM:\s+(\d+)", f.read())[1]) / 1024

    def switches(self):
        total = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/status", encoding="ascii", errors="replace") as f:
                total += sum(int(n) for n in re.findall(r"voluntary_ctxt_switches:\s+(\d+)", f.read()))
        return total

    def stop(self):
        for key in (b"q", b"y"):
            try:
                os.write(self.master, key)
            except OSError:
                break
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.master)


def figure(name, ours, goal, floor="", ratio=""):
    print("\t".join([name, ours, floor, ratio, goal]), flush=True)


def measure_key(program, a):
    program.first_frame()
    times, quiet, began, turn = [], 0, time.perf_counter(), 0
    while time.perf_counter() - began < a.seconds:
        before = program.ended
        pause = time.perf_counter() + 0.02
        while time.perf_counter() < pause:
            program.read(pause)
        # While both sides are read frames come by themselves; where none does for half a second, it is read again.
        quiet = quiet + 1 if program.ended == before else 0
        if quiet > 25:
            program.key(b"r")
            quiet = 0
            continue
        times.append(program.key(b"jk"[turn:turn + 1]))
        turn = 1 - turn
    times.sort()
    if len(times) < 50:
        raise NoFrames(f"only {len(times)} keys could be measured")
    p99 = times[min(len(times) - 1, len(times) * 99 // 100)]
    figure(f"key to finished frame, both sides reading, p50 of {len(times)}", f"{statistics.median(times) * 1000:.2f} ms", "")
    figure(f"key to finished frame, both sides reading, p99 of {len(times)}", f"{p99 * 1000:.2f} ms", "<= 10 ms")


def measure_memory(program, _):
    program.first_frame()
    program.rest()
    first = program.peak()
    program.key(b"r")
    program.rest()
    figure("P1 peak memory, first read", f"{first:.0f} MiB", "")
    figure("P1 peak memory, one refresh included", f"{program.peak():.0f} MiB", "<= 1126 MiB")


def measure_start(program, a):
    """The first one only warms the files up."""
    firsts = []
    for _ in range(11):
        program.stop()
        program.__init__(a.command)
        program.first_frame()
        firsts.append(time.perf_counter() - program.started)
        program.rest()
    firsts = sorted(firsts[1:])
    figure(f"process to first frame, median of {len(firsts)}", f"{statistics.median(firsts) * 1000:.0f} ms", "<= 150 ms")
    figure("process to first frame, the slowest", f"{firsts[-1] * 1000:.0f} ms", "")


def measure_edit(program, _):
    """A text at the end of everybody's display name is typed, letter by letter: each key is another rule for everybody."""
    program.first_frame()
    program.rest()
    program.key(b"2")
    for _ in range(3):
        program.key(b"j")
    program.key(b"e")
    for letter in b" ~ 'a'":
        program.key(bytes([letter]))
    program.key(b"\x1b[D")
    program.rest()
    nexts, lasts = [], []
    for letter in b"bcdefghijk":
        nexts.append(program.key(bytes([letter])))
        start = time.perf_counter() - nexts[-1]
        last, until = time.perf_counter(), time.perf_counter() + 1.5
        while time.perf_counter() < until:
            ended, program.told = program.ended, b""
            program.read(until)
            # A frame in which nothing is new is a cursor and two marks.
            if program.ended > ended and len(program.told) > EMPTY:
                last = time.perf_counter()
        lasts.append(last - start)
    figure("a rule of everybody's name is typed: key to next frame, median", f"{statistics.median(nexts) * 1000:.2f} ms", "<= 16 ms")
    figure("a rule of everybody's name is typed: key to final counts on the screen, median", f"{statistics.median(lasts) * 1000:.0f} ms", "<= 100 ms")


def measure_idle(program, a):
    program.first_frame()
    program.rest()
    until = time.perf_counter() + a.quiet_seconds
    while time.perf_counter() < until:
        program.read(until)
    before = program.switches()
    time.sleep(10)
    figure(f"P9 context switches in 10 s, {a.quiet_seconds} s after the last work", f"{program.switches() - before}", "<= 0")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=["key", "memory", "start", "edit", "idle"])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--quiet-seconds", type=int, default=120)
    parser.add_argument("command", nargs="+")
    a = parser.parse_args()
    program = Program(a.command)
    try:
        {"key": measure_key, "memory": measure_memory, "start": measure_start, "edit": measure_edit, "idle": measure_idle}[a.what](program, a)
    except NoFrames as why:
        print(f"pty: {why}", file=sys.stderr)
        sys.exit(3)
    finally:
        program.stop()


if __name__ == "__main__":
    main()
