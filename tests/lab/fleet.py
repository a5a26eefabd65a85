#!/usr/bin/env python3
"""One set of servers in the background, for work by hand.

    fleet.py up [NAME...]     NAME: openldap full lucid workplace cursor (default: these), scimmy scimmy5
    fleet.py down
    fleet.py status

`up` stops what an earlier `up` left, starts all at once, writes $ROSTERM_LAB/servers.json when every one answers, and
prints it. If one does not start, none stays. The directory has a few hundred people, made by tests/bench/people.py.

Why supervisors of their own: it is the same program that the tests use, so what works here works there.
"""

import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.environ["ROSTERM_LAB"]
RUN, FILE = os.path.join(LAB, "run"), os.path.join(LAB, "servers.json")
SCIM = ("full", "lucid", "workplace", "cursor", "scimmy", "scimmy5")
DEFAULT = ("openldap", "full", "lucid", "workplace", "cursor")
PEOPLE = 300


def is_ours(pid):
    """Whether the process still is the supervisor that was started, and not a later one with its number."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return b"supervise.py" in f.read()
    except OSError:
        return False


def supervisors():
    """Name and process number of each supervisor that was started here."""
    if not os.path.isdir(RUN):
        return
    for name in sorted(os.listdir(RUN)):
        try:
            with open(os.path.join(RUN, name, "supervisor.pid"), encoding="ascii") as f:
                yield name, int(f.read())
        except (OSError, ValueError):
            continue


def down():
    running = [(name, pid) for name, pid in supervisors() if is_ours(pid)]
    for _, pid in running:
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + 10
    while any(is_ours(pid) for _, pid in running):
        if time.monotonic() > end:
            print("lab: still running: " + ", ".join(f"{n} ({p})" for n, p in running if is_ours(p)), file=sys.stderr)
            return 1
        time.sleep(0.02)
    if os.path.exists(FILE):
        os.remove(FILE)
    return 0


def up(wanted):
    unknown = [n for n in wanted if n != "openldap" and n not in SCIM]
    if unknown:
        print(f"lab: nothing is called {unknown[0]}: openldap, {', '.join(SCIM)}", file=sys.stderr)
        return 2
    if down():
        return 1
    started = {}
    for name in wanted:
        folder = os.path.join(RUN, name)
        os.makedirs(folder, exist_ok=True)
        if name == "openldap":
            ldif = os.path.join(folder, "people.ldif")
            with open(ldif, "wb") as out:
                subprocess.run([sys.executable, os.path.join(HERE, "..", "bench", "people.py"), "--users", str(PEOPLE)],
                               stdout=out, check=True)
            what = ["slapd", folder, ldif]
        else:
            what = ["scim", name, folder]
        with open(os.path.join(folder, "trouble.txt"), "wb") as trouble:
            started[name] = subprocess.Popen(
                [sys.executable, "-S", "-E", os.path.join(HERE, "supervise.py"), *what, "--detach"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=trouble, start_new_session=True)
        with open(os.path.join(folder, "supervisor.pid"), "w", encoding="ascii") as f:
            f.write(str(started[name].pid))
    servers, missing = {"openldap": None, "scim": {}}, []
    for name, process in started.items():
        line = process.stdout.readline()
        if not line:
            missing.append(name)
        elif name == "openldap":
            servers["openldap"] = json.loads(line)
        else:
            servers["scim"][name] = json.loads(line)
    if missing:
        for name in missing:
            with open(os.path.join(RUN, name, "trouble.txt"), encoding="utf-8", errors="replace") as f:
                print(f"lab: {name} did not start\n{f.read().rstrip()}", file=sys.stderr)
        down()
        return 1
    with open(FILE + ".new", "w", encoding="utf-8") as f:
        json.dump(servers, f, indent=2)
        f.write("\n")
    os.replace(FILE + ".new", FILE)
    with open(FILE, encoding="utf-8") as f:
        print(f.read(), end="")
    return 0


def status():
    running = 0
    for name, pid in supervisors():
        alive = is_ours(pid)
        running += alive
        print(f"{name:<10} {'running, supervisor ' + str(pid) if alive else 'stopped'}")
    print(f"{running} running; {FILE if os.path.exists(FILE) else 'no servers.json'}")
    return 0 if running else 1


def main():
    command, names = sys.argv[1], sys.argv[2:]
    if command == "up":
        return up(list(dict.fromkeys(names or DEFAULT)))
    return down() if command == "down" else status()


sys.exit(main())
