#!/usr/bin/env bash
# Throw-away certificates for the lab's servers.
#   tls.sh DIR     ca.pem            what a client trusts
#                  server.pem .key   what a server shows (127.0.0.1, ::1, localhost)
#                  other-ca.pem      an authority that signed nothing here: for tests of refused certificates
# Does nothing while the certificates are good for another day. Several callers at once are fine: one makes them, the
# others wait.
set -euo pipefail
dir=${1:?usage: tls.sh DIR}
mkdir -p "$dir"
good() { openssl x509 -in "$dir/server.pem" -noout -checkend 86400 >/dev/null 2>&1 && [ -s "$dir/other-ca.pem" ]; }
good && exit 0
exec 9>"$dir/lock"
flock 9
good && exit 0
work=$(mktemp -d "$dir/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
authority() { # FILE NAME
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$2" \
    -keyout "$work/$1.key" -out "$work/$1.pem" -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,keyCertSign,cRLSign 2>>"$work/log" || { cat "$work/log" >&2; exit 1; }
}
authority ca "rosterm lab authority"
authority other-ca "rosterm lab, another authority"
printf '%s\n' basicConstraints=CA:FALSE extendedKeyUsage=serverAuth \
  subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1 >"$work/extensions"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
  -keyout "$work/server.key" -out "$work/server.csr" 2>>"$work/log"
openssl x509 -req -in "$work/server.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 30 \
  -extfile "$work/extensions" -out "$work/server.pem" 2>>"$work/log"
chmod 600 "$work"/*.key
# server.pem last: it is what `good` looks at.
mv "$work"/{ca.key,ca.pem,other-ca.pem,server.key} "$dir"
mv "$work/server.pem" "$dir"
