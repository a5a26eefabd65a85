#!/usr/bin/env python3
"""A directory of any size as LDIF on stdout, always the same bytes for the same arguments.

    people.py [--users N=1000] [--seed S=7] > FILE

People under ou=people,dc=example,dc=test with 16 attributes as a company's directory has them: names in several scripts,
1 in 40 locked, 1 in 200 without mail, 1 in 100 with two, a manager for most; and one group, cn=saas, with every second
person. For sizes and speed; the awkward cases of matching are the world generator's (rosterm demo).
`memberOf`, `entryUUID` and the lock are written here, because `slapadd` runs no overlay. The values of one attribute stand
together: `slapadd -q` stores a split attribute twice.
"""

import argparse
import base64
import random
import sys
import unicodedata
import uuid

GIVEN = "Janet Bob Alice Maria Peter Susan Ahmed Lena Tom Olga Chen Yuki Ivan Nadia Zoë Renée Łukasz Søren Íris Anna".split()
FAMILY = "Smith Jones Jensen Brown Miller Davis Garcia Wilson Moore Taylor Müller Núñez Škoda Ødegård O'Brien Gärtner".split()
OTHER = [("Анна", "Иванова"), ("Νίκος", "Παπαδόπουλος"), ("小明", "王"), ("太郎", "山田"), ("ليلى", "حداد")]
DEPARTMENTS = "Engineering Sales Marketing Finance Legal Support Operations Research".split()
CITIES = "Denver Austin London Zürich München Tokyo Lisboa Kraków Oslo Bengaluru".split()
TITLES = ["Engineer", "Senior Engineer", "Analyst", "Manager", "Director", "Consultant"]
LANGUAGES = ["en", "en-GB", "de", "fr", "ja", "pt-BR"]
BASE = "dc=example,dc=test"
PEOPLE, GROUP = f"ou=people,{BASE}", f"cn=saas,ou=groups,{BASE}"


def ascii_letters(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text) if c.isascii() and c.isalpha()).lower()


def line(name, value):
    if value.isascii() and value.isprintable() and value[0] not in " :<" and value[-1] != " ":
        return f"{name}: {value}\n"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}\n"


def entry(dn, attributes):
    return line("dn", dn) + "".join(line(k, v) for k, v in attributes) + "\n"


def person(i, rnd, uids):
    given, family = rnd.choice(OTHER) if rnd.random() < 0.08 else (rnd.choice(GIVEN), rnd.choice(FAMILY))
    uid = uids(i)
    mail = f"{ascii_letters(given) or 'x'}.{ascii_letters(family) or 'y'}{i}@example.test"
    chance = rnd.random()
    mails = [] if chance < 0.005 else [mail, f"{uid}@alias.example.test"] if chance < 0.015 else [mail]
    attributes = [
        ("objectClass", "inetOrgPerson"), ("uid", uid), ("cn", f"{given} {family}"), ("sn", family), ("givenName", given),
        ("displayName", f"{given} {family}"), *(("mail", m) for m in mails), ("employeeNumber", f"E{100000 + i}"),
        ("employeeType", "Contractor" if i % 4 == 3 else "Staff"), ("title", rnd.choice(TITLES)),
        ("departmentNumber", rnd.choice(DEPARTMENTS)), ("l", rnd.choice(CITIES)),
        ("telephoneNumber", f"+1 303 555 {i % 10000:04d}"), ("mobile", f"+49 170 {i:07d}"),
        ("preferredLanguage", rnd.choice(LANGUAGES)),
        ("entryUUID", str(uuid.UUID(int=rnd.getrandbits(128), version=4))),
    ]
    if i % 2 == 0:
        attributes.append(("memberOf", GROUP))
    if rnd.random() < 0.025:
        attributes.append(("pwdAccountLockedTime", "000001010000Z"))
    if i >= 12:
        attributes.append(("manager", f"uid={uids(i // 12)},{PEOPLE}"))
    return entry(f"uid={uid},{PEOPLE}", attributes)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    a = parser.parse_args()
    rnd = random.Random(a.seed)
    sys.stdout.reconfigure(encoding="ascii", newline="\n")
    write, uids = sys.stdout.write, lambda i: f"p{i:06d}"
    write(entry(BASE, [("objectClass", "dcObject"), ("objectClass", "organization"), ("dc", "example"), ("o", "Example")]))
    for ou in ("people", "groups"):
        write(entry(f"ou={ou},{BASE}", [("objectClass", "organizationalUnit"), ("ou", ou)]))
    for i in range(a.users):
        write(person(i, rnd, uids))
    if a.users:
        members = [("member", f"uid={uids(i)},{PEOPLE}") for i in range(0, a.users, 2)]
        write(entry(GROUP, [("objectClass", "groupOfNames"), ("cn", "saas"), *members]))


main()
