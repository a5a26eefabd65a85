#!/usr/bin/env python3
"""Runs one real server until nobody needs it any more.

    supervise.py slapd DIR LDIF [--keep] [--errors] [--debug LEVEL] [--detach]
    supervise.py scim PROFILE DIR [--detach]      PROFILE: full lucid workplace cursor scimmy scimmy5

Prints one line of JSON on stdout once the server answers, says everything else on stderr, and keeps the server's own
words in DIR/server.log. Stops the server and exits when its stdin closes (not with --detach) or on SIGTERM, SIGINT or
SIGHUP. Exit codes: 0 stopped because asked to, 1 the server did not start or died by itself, 2 usage.

Why a process of its own: a test that panics, is killed or hangs up must not leave a server behind. The pipe to stdin
closes however its holder ends, and should this process itself be killed, the kernel kills the server (PDEATHSIG).

Ports: the kernel chooses them. They stay bound here (never listening) until the server listens, so that no other
process is given one in between; both sides set SO_REUSEADDR, which Linux allows as long as one of them listens only.

What must stay true: every listener is on 127.0.0.1 or ::1, and everything written is under DIR and $ROSTERM_LAB.
"""

import argparse
import ctypes
import http.client
import json
import mmap
import os
import re
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.environ.get("ROSTERM_LAB") or os.path.join(os.path.dirname(os.path.dirname(HERE)), "target", "lab")
SUFFIX = "dc=example,dc=test"
ADMIN = {"dn": f"cn=admin,{SUFFIX}", "password": "secret"}
# Who may bind, and what becomes of what they ask. Their entries stand in system.ldif, their rights in slapd_conf().
IDENTITIES = {
    name: {"dn": f"cn={name},ou=system,{SUFFIX}", "password": f"{name}-secret"}
    for name in ("reader", "limited", "timed", "blind", "stranger", "partial")
}
ANSWER_WITHIN = 30.0  # seconds; usual is 0.1 for slapd and 1 to 2 for the others
ATTEMPTS = 3  # when a port was lost to another process in between
PORT_LOST = ("in use", "EADDRINUSE")
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class Trouble(Exception):
    """Why there is no server, for a person."""


def say(text):
    print(f"lab: {text}", file=sys.stderr, flush=True)


class Ports:
    """Free loopback ports, held until release()."""

    def __init__(self):
        self.held = []
        self.ipv6 = self._ipv6()

    @staticmethod
    def _ipv6():
        try:
            with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as s:
                s.bind(("::1", 0))
            return True
        except OSError:
            return False

    def _bind(self, family, address, port):
        s = socket.socket(family, socket.SOCK_STREAM)
        try:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, port))
        except OSError:
            s.close()
            raise
        return s

    def take(self):
        """One port that is free on 127.0.0.1, and on ::1 where that exists."""
        for _ in range(100):
            four = self._bind(socket.AF_INET, "127.0.0.1", 0)
            port = four.getsockname()[1]
            if self.ipv6:
                try:
                    self.held.append(self._bind(socket.AF_INET6, "::1", port))
                except OSError:
                    four.close()
                    continue
            self.held.append(four)
            return port
        raise Trouble("no port is free on both 127.0.0.1 and ::1")

    def release(self):
        for s in self.held:
            s.close()
        self.held = []


class Server:
    """A child process that dies with this one."""

    def __init__(self, command, directory, **options):
        self.log = os.path.join(directory, "server.log")
        parent = os.getpid()

        def before_exec():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:  # it died before the line above
                os._exit(1)

        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=before_exec, **options
            )

    @property
    def pid(self):
        return self.process.pid

    def last_words(self):
        with open(self.log, "rb") as f:
            return "\n".join("  " + l for l in f.read()[-2000:].decode(errors="replace").splitlines()[-8:])

    def wait_until(self, answers, life):
        """Polls answers() until it is true; says why, if that does not happen."""
        end = time.monotonic() + ANSWER_WITHIN
        pause = 0.004
        while not answers():
            if life.ended():
                say("asked to stop before the server answered (stdin closed, or a signal)")
                raise SystemExit(0)
            if self.process.poll() is not None:
                raise Trouble(f"the server ended with code {self.process.returncode}:\n{self.last_words()}")
            if time.monotonic() > end:
                raise Trouble(f"no answer within {ANSWER_WITHIN:.0f} s:\n{self.last_words()}")
            time.sleep(pause)
            pause = min(pause * 1.3, 0.05)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Life:
    """Tells when to stop: a signal, or the end of stdin."""

    def __init__(self, detached):
        self.watch_stdin = not detached
        self.reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self.asked = False
        for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(s, self._ask)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _ask(self, *_):
        self.asked = True

    def ended(self, timeout=0.0):
        """True when it is time to stop; waits for up to timeout seconds (None: until something happens)."""
        if self.asked:
            return True
        watched = [self.reader] + ([0] if self.watch_stdin else [])
        ready, _, _ = select.select(watched, [], [], timeout)
        if self.reader in ready:
            os.read(self.reader, 512)
        if 0 in ready and not os.read(0, 4096):
            self.asked = True
        return self.asked


def serve(server, life, line):
    """Prints the line and stays until the end of the server or of those who need it."""
    try:
        try:
            print(json.dumps(line), flush=True)
        except BrokenPipeError:
            return 0
        while not life.ended(None):
            if server.process.poll() is not None:
                say(f"the server (pid {server.pid}) died by itself, code {server.process.returncode}:\n{server.last_words()}")
                return 1
        return 0
    finally:
        server.stop()


# --- slapd ------------------------------------------------------------------------------------------------------------


def tool(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Trouble(f"{name} is not installed: run tests/lab/lab install openldap")
    return path


def slapd_conf(directory, errors):
    lab, dn = LAB, {name: who["dn"] for name, who in IDENTITIES.items()}
    people = f"ou=people,{SUFFIX}"
    return f"""\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
moduleload syncprov
{"moduleload retcode" if errors else ""}
pidfile "{directory}/slapd.pid"
TLSCACertificateFile "{lab}/tls/ca.pem"
TLSCertificateFile "{lab}/tls/server.pem"
TLSCertificateKeyFile "{lab}/tls/server.key"
sizelimit unlimited
timelimit unlimited
threads 4

database config
rootdn cn=config
rootpw secret

database mdb
suffix "{SUFFIX}"
rootdn "{ADMIN['dn']}"
rootpw {ADMIN['password']}
directory "{directory}/db"
maxsize 4294967296
envflags nosync
index objectClass eq
index uid,mail,cn,sn,employeeNumber eq,sub
index entryUUID,entryCSN,modifyTimestamp eq
index member,memberOf eq

# 50 entries in all, over all pages: rc 4.
limits dn.exact="{dn['limited']}" size.soft=50 size.hard=50 size.unchecked=unlimited size.pr=none size.prtotal=50
# One second a request, the least that slapd knows: rc 3 where there is enough to read.
limits dn.exact="{dn['timed']}" time.soft=1 time.hard=1

access to attrs=userPassword
  by anonymous auth
  by * none
# The reader first: every value read passes these rules, and its reads are the ones that are timed.
access to *
  by dn.exact="{dn['reader']}" read
  by * break
# Sees ou=people, and nobody in it: success without entries.
access to dn.children="{people}"
  by dn.exact="{dn['blind']}" none
  by * break
# Sees nothing of the suffix: rc 32.
access to dn.subtree="{SUFFIX}"
  by dn.exact="{dn['stranger']}" none
  by * break
# Sees people, but neither their groups nor their lock nor their mail.
access to attrs=memberOf,pwdAccountLockedTime,mail
  by dn.exact="{dn['partial']}" none
  by * break
access to *
  by users read
  by anonymous {"read" if errors else "auth"}

overlay memberof
overlay ppolicy
overlay syncprov
syncprov-checkpoint 1000 10
syncprov-sessionlog 10000
{f'''overlay retcode
retcode-parent "ou=errors,{SUFFIX}"
retcode-indir''' if errors else ""}

database monitor
access to * by * read
"""


def names(ldif, dn):
    """Whether the LDIF file has an entry of that DN, written plainly."""
    if os.path.getsize(ldif) == 0:
        return False
    pattern = re.compile(rb"^dn: *" + b", *".join(re.escape(p.encode()) for p in dn.split(",")) + rb" *\r?$", re.M | re.I)
    with open(ldif, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return pattern.search(text) is not None


def load(slapadd, directory, ldif):
    """A new database with the entries of the LDIF file and, if it does not bring them, the suffix and ou=system."""
    shutil.rmtree(f"{directory}/db", ignore_errors=True)
    os.makedirs(f"{directory}/db")

    def add(path):
        done = subprocess.run(
            [slapadd, "-q", "-f", f"{directory}/slapd.conf", "-b", SUFFIX, "-l", path],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
        if done.returncode:
            raise Trouble(f"slapadd refused {path}:\n{(done.stderr or done.stdout).strip()}")

    with open(f"{HERE}/system.ldif", encoding="utf-8") as f:
        root, system = f.read().split("\n\n", 1)
    ours = ([] if names(ldif, SUFFIX) else [root]) + ([] if names(ldif, f"ou=system,{SUFFIX}") else [system])
    parts = [f"{directory}/system.ldif", ldif]
    with open(parts[0], "w", encoding="utf-8") as out:
        out.write("\n\n".join(ours))
    if root not in ours:  # a parent comes before its children
        parts.reverse()
    if os.path.getsize(ldif) < 8 << 20:  # one slapadd is quicker than two
        joined = f"{directory}/all.ldif"
        with open(joined, "wb") as out:
            for path in parts:
                with open(path, "rb") as f:
                    out.write(f.read() + b"\n\n")
        parts = [joined]
    for path in parts:
        add(path)


def slapd_answers(port):
    """An anonymous bind, answered with success."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as s:
            s.sendall(bytes.fromhex("300c020101600702010304008000"))
            return s.recv(64)[:1] == b"\x30"
    except OSError:
        return False


def slapd(a, life):
    directory = os.path.abspath(a.directory)
    for what, path in (("folder", directory), ("lab folder", LAB)):
        if '"' in path or "\\" in path:
            raise Trouble(f"slapd.conf cannot name the {what} {path!r}")
    os.makedirs(directory, exist_ok=True)
    binary, slapadd = tool("slapd"), tool("slapadd")
    made = subprocess.run([f"{HERE}/tls.sh", f"{LAB}/tls"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if made.returncode:
        raise Trouble(f"no certificates:\n{made.stderr.strip()}")
    with open(f"{directory}/slapd.conf", "w", encoding="utf-8") as f:
        f.write(slapd_conf(directory, a.errors))
    if not (a.keep and os.path.exists(f"{directory}/db/data.mdb")):
        if not os.path.isfile(a.ldif):
            raise Trouble(f"no such LDIF file: {a.ldif}")
        load(slapadd, directory, a.ldif)
    pidfile = f"{directory}/slapd.pid"
    for attempt in range(1, ATTEMPTS + 1):
        ports = Ports()
        plain, tls = ports.take(), ports.take()
        hosts = ["127.0.0.1"] + (["[::1]"] if ports.ipv6 else [])
        urls = [f"ldap://{h}:{plain}" for h in hosts] + [f"ldaps://{h}:{tls}" for h in hosts]
        if os.path.exists(pidfile):
            os.remove(pidfile)
        server = Server([binary, "-f", f"{directory}/slapd.conf", "-h", " ".join(urls), "-d", a.debug], directory)

        def ours():  # slapd writes its pid after it has bound every port, so whoever answers then is this one
            try:
                with open(pidfile, encoding="ascii") as f:
                    return f.read().strip() == str(server.pid) and slapd_answers(plain)
            except OSError:
                return False

        try:
            server.wait_until(ours, life)
            break
        except Trouble as t:
            server.stop()
            if attempt == ATTEMPTS or not any(words in str(t) for words in PORT_LOST):
                raise
        except BaseException:
            server.stop()
            raise
        finally:
            ports.release()
    six = {"ldap6": f"ldap://[::1]:{plain}", "ldaps6": f"ldaps://[::1]:{tls}"} if ports.ipv6 else {"ldap6": None, "ldaps6": None}
    line = {
        "kind": "openldap",
        "ldap": f"ldap://127.0.0.1:{plain}",
        "ldaps": f"ldaps://127.0.0.1:{tls}",
        **six,
        "ca_file": f"{LAB}/tls/ca.pem",
        "other_ca_file": f"{LAB}/tls/other-ca.pem",
        "base_dn": SUFFIX,
        "identities": {"admin": ADMIN, **IDENTITIES},
        "pid": server.pid,
        "supervisor": os.getpid(),
        "dir": directory,
        "log": server.log,
    }
    return serve(server, life, line)


# --- SCIM -------------------------------------------------------------------------------------------------------------


def scim_answers(port, path, token):
    """A list of users, readable with this server's own token."""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        c.request("GET", f"{path}/Users?count=1", headers={"Authorization": f"Bearer {token}"})
        return c.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        c.close()


def scim(a, life):
    directory = os.path.abspath(a.directory)
    os.makedirs(directory, exist_ok=True)
    for attempt in range(1, ATTEMPTS + 1):
        ports = Ports()
        port, token = ports.take(), secrets.token_hex(12)
        if a.profile.startswith("scimmy"):
            folder, path = f"{LAB}/{a.profile}", "/scim"
            if not os.path.isdir(f"{folder}/node_modules/scimmy-routers"):
                raise Trouble(f"SCIMMY is not installed: run tests/lab/lab install {a.profile}")
            if not shutil.which("node"):
                raise Trouble(f"node is not installed: run tests/lab/lab install {a.profile}")
            command = ["node", f"{HERE}/scimmy_server.mjs", str(port), token]
        else:
            folder, path = directory, "/v2"
            python = f"{LAB}/scim2/bin/python"
            if not os.path.exists(python):
                raise Trouble("scim2-server is not installed: run tests/lab/lab install scim2")
            command = [python, f"{HERE}/scim2_profile.py", a.profile, str(port), token, directory]
        server = Server(command, directory, cwd=folder, env={**os.environ, "PYTHONUNBUFFERED": "1"})
        try:
            server.wait_until(lambda: scim_answers(port, path, token), life)
            break
        except Trouble as t:
            server.stop()
            if attempt == ATTEMPTS or not any(words in str(t) for words in PORT_LOST):
                raise
        except BaseException:
            server.stop()
            raise
        finally:
            ports.release()
    line = {
        "kind": "scim",
        "profile": a.profile,
        "base": f"http://127.0.0.1:{port}{path}",
        "token": token,
        "pid": server.pid,
        "supervisor": os.getpid(),
        "dir": directory,
        "log": server.log,
    }
    return serve(server, life, line)


def main():
    parser = argparse.ArgumentParser(prog="lab", description=__doc__.split("\n\n")[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    p = kinds.add_parser("slapd", help="an OpenLDAP server with the entries of an LDIF file")
    p.add_argument("directory", metavar="DIR")
    p.add_argument("ldif", metavar="LDIF_FILE")
    p.add_argument("--keep", action="store_true", help="use the database that DIR has, if it has one")
    p.add_argument("--errors", action="store_true", help="entries of class errAuxObject end a search with their errCode")
    p.add_argument("--debug", default="stats", metavar="LEVEL", help="what slapd logs (default: stats, one line a request)")
    p.set_defaults(run=slapd)
    q = kinds.add_parser("scim", help="a SCIM server, empty")
    q.add_argument("profile", metavar="PROFILE", choices=["full", "lucid", "workplace", "cursor", "scimmy", "scimmy5"])
    q.add_argument("directory", metavar="DIR")
    q.set_defaults(run=scim)
    for s in (p, q):
        s.add_argument("--detach", action="store_true", help="do not stop at the end of stdin")
    a = parser.parse_args()
    # Another server's pipe, inherited from a careless parent, would keep that one alive.
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    try:
        return a.run(a, Life(a.detach))
    except Trouble as t:
        say(str(t))
        return 1


sys.exit(main())
