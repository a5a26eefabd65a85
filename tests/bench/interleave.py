#!/usr/bin/env python3
"""Times two commands in turn, A B A B, so that whatever else the machine does meets both alike.

    interleave.py [--rounds N=5] [--server PID] NAME_A COMMAND_A NAME_B COMMAND_B

A command is one argument, split as a shell would and run without one; its output goes nowhere. One round before the counted
ones warms the caches. Prints wall time, CPU time and peak memory of each, the CPU time of the server process, and the median
over the rounds of B divided by A, which other work on the machine moves least. Fails if a command fails.
"""

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")


def cpu_of(pid):
    """CPU seconds that a running process has used so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def run(command, server):
    """Wall s, CPU s, peak MiB, CPU s of the server."""
    before = cpu_of(server) if server else 0.0
    start = time.perf_counter()
    process = subprocess.Popen(shlex.split(command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"bench: ended with {process.returncode}: {command}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, (cpu_of(server) - before if server else 0.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--server", type=int, metavar="PID")
    parser.add_argument("pairs", nargs=4, metavar="NAME COMMAND")
    a = parser.parse_args()
    commands = [(a.pairs[0], a.pairs[1]), (a.pairs[2], a.pairs[3])]
    for _, command in commands:
        run(command, a.server)
    results = [[], []]
    for i in range(a.rounds):
        for side in (0, 1):
            results[side].append(run(commands[side][1], a.server))
        print(f"round {i + 1}: {results[0][-1][0]:.2f} s, {results[1][-1][0]:.2f} s", file=sys.stderr, flush=True)
    width = max(len(name) for name, _ in commands)
    print(f"{'':<{width}}  wall min  wall median  CPU median  server CPU  peak MiB")
    for (name, _), rows in zip(commands, results):
        wall, cpu, rss, server = ([r[i] for r in rows] for i in range(4))
        print(f"{name:<{width}}  {min(wall):>6.2f} s  {statistics.median(wall):>9.2f} s  {statistics.median(cpu):>8.2f} s"
              f"  {statistics.median(server):>8.2f} s  {max(rss):>8.1f}")
    for what, i in (("wall", 0), ("CPU", 1)):
        ratios = [b[i] / x[i] for x, b in zip(*results)]
        print(f"{commands[1][0]} / {commands[0][0]}, {what}: median {statistics.median(ratios):.2f}"
              f" of {', '.join(f'{r:.2f}' for r in ratios)}")


main()
