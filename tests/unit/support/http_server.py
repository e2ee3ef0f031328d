# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The server test_http_curl talks to: one process, many listeners, every one wrong in its own way.

It needs Python's standard library and the openssl program only. Certificates are made when it starts, in the
folder given as the only argument. It prints facts, one "NAME VALUE" a line: the port of each listener, and the paths
and digests of the certificates; the line "ready" ends them. It ends when its standard input does, so it
never outlives its test.

What a path answers is the function of that name in `ANSWERS`.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import http_files
from http_request import STATE, Request, linger, reply

CA_CONFIG = """
[ca]
default_ca = this
[this]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = any
[any]
commonName = supplied
"""


def answer_echo(request: Request) -> bool:
    return reply(request, request.body, "200 OK", "Content-Type: text/plain; x=1 ",
                 'Set-Cookie: first="1"', 'set-cookie:  s="52fd-40"; Path=/; HttpOnly; Secure;')


def answer_head(request: Request) -> bool:
    """The request's own header, as it came."""
    return reply(request, request.head.encode())


def answer_where(request: Request) -> bool:
    """Number of this connection, and of the requests it served before."""
    return reply(request, f"{request.connection} {request.served}".encode())


def answer_status(request: Request) -> bool:
    return reply(request, b"moved", "302 Found", "Location: http://127.0.0.1:1/elsewhere")


def answer_empty(request: Request) -> bool:
    request.sock.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    return True


def answer_gzip(request: Request) -> bool:
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return reply(request, b"no gzip asked for", "406 Not Acceptable")
    return reply(request, gzip.compress(b"0123456789" * 10000), "200 OK", "Content-Encoding: gzip")


def answer_badgzip(request: Request) -> bool:
    return reply(request, b"this is no gzip", "200 OK", "Content-Encoding: gzip")


def answer_barrier(request: Request) -> bool:
    met = STATE.meet(request.query["id"], int(request.query["n"]), 10)
    return reply(request, b"met" if met else b"alone")


def answer_count(request: Request) -> bool:
    return reply(request, str(STATE.hits[request.query["id"]]).encode())


def answer_drop(request: Request) -> bool:
    """Read the request, then close without a word; only the first `n` times."""
    if STATE.hit(request.query["id"]) > int(request.query.get("n", "1")):
        return reply(request, b"served")
    return False


def answer_fickle(request: Request) -> bool:
    """Think for `s` seconds, then close without a word; answer from the second time on."""
    time.sleep(float(request.query["s"]))
    return STATE.hit(request.query["id"]) > 1 and reply(request, b"at last")


def answer_bye(request: Request) -> bool:
    """Answer, then close the connection without having said so."""
    reply(request, b"bye")
    return False


def answer_reset(request: Request) -> bool:
    request.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return False


def answer_silence(request: Request) -> bool:
    return linger(request, 20)


def answer_halfhead(request: Request) -> bool:
    request.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Ty")
    return linger(request, 20)


def answer_halfbody(request: Request) -> bool:
    request.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    return linger(request, 20)


def answer_drip(request: Request) -> bool:
    """A byte now and then, `n` of them: no stall, but hardly an end either."""
    count = int(request.query.get("n", "100"))
    request.sock.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {count}\r\n\r\n".encode())
    for _ in range(count):
        request.sock.sendall(b".")
        time.sleep(0.1)
    return True


def answer_late(request: Request) -> bool:
    time.sleep(float(request.query["s"]))
    return reply(request, b"late")


def answer_short(request: Request) -> bool:
    request.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
    return False


def answer_cut(request: Request) -> bool:
    request.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n40\r\nsec")
    return False


def answer_badchunk(request: Request) -> bool:
    request.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsecret\r\n")
    return False


def answer_trailers(request: Request) -> bool:
    request.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: a/b\r\n\r\n"
                         b"5\r\nfirst\r\n0\r\nContent-Type: trailer/evil\r\n\r\n")
    return True


def answer_interim(request: Request) -> bool:
    request.sock.sendall(b"HTTP/1.1 102 Processing\r\nSet-Cookie: early=1\r\n\r\n" * 3)
    return reply(request, b"final")


def answer_interims(request: Request) -> bool:
    request.sock.sendall(b"HTTP/1.1 102 Processing\r\n\r\n" * 1000)
    return reply(request, b"final")


def answer_lines(request: Request) -> bool:
    lines = [f"X-Line-{n}: x" for n in range(int(request.query["n"]))]
    return reply(request, b"many", "200 OK", *lines)


def answer_line(request: Request) -> bool:
    return reply(request, b"long", "200 OK", "X-Long: " + "x" * int(request.query["n"]))


def answer_nothttp(request: Request) -> bool:
    request.sock.sendall(b"220 secret.example ESMTP ready\r\n")
    return False


def answer_big(request: Request) -> bool:
    size = int(request.query["mb"])
    request.sock.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size << 20}\r\n\r\n".encode())
    for _ in range(size):
        request.sock.sendall(b"x" * (1 << 20))
    return True


ANSWERS: dict[str, Callable[[Request], bool]] = {
    name.removeprefix("answer_"): function
    for name, function in (globals() | vars(http_files)).items() if name.startswith("answer_")
}


def read_request(sock: socket.socket, connection: int, served: int) -> Request | None:
    """The next request of a connection, or None when the client closed it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            return None
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    length = int(headers.get("content-length", "0"))
    if "nobody" in target:  # close while the body is still under way
        return None
    parts = urlsplit(target)
    while len(body) < length and not parts.path.startswith(http_files.TAKES_ITSELF):
        body += sock.recv(65536)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return Request(sock, connection, served, method, parts.path, query, headers, head.decode(), body)


def serve_http(sock: socket.socket) -> None:
    """Answer requests on one connection until one of them ends it."""
    connection, served = STATE.next_connection(), 0
    while request := read_request(sock, connection, served):
        name = request.path.strip("/")
        if name not in ANSWERS:
            reply(request, b"no such path", "404 Not Found")
        elif not ANSWERS[name](request):
            return
        served += 1


def serve_silence(sock: socket.socket) -> None:
    """Take the connection and never say a word."""
    sock.settimeout(20)
    while sock.recv(65536):
        pass


def serve_greeting(sock: socket.socket) -> None:
    """Speak first and plainly, as a mail server does: not TLS in any case."""
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    serve_silence(sock)


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def tunnel(sock: socket.socket, onward: socket.socket) -> None:
    """Carry bytes both ways until both sides are done."""
    back = threading.Thread(target=pump, args=(onward, sock), daemon=True)
    back.start()
    pump(sock, onward)
    back.join()


def serve_proxy(sock: socket.socket) -> None:
    """CONNECT to any port of this machine, but port 1 is forbidden."""
    request = read_request(sock, STATE.next_connection(), 0)
    if not request:
        return
    STATE.hit("proxy")
    target = request.head.split(" ")[1]
    if target.startswith("http://"):
        reply(request, b"proxied " + target.encode())
        return
    port = int(target.rpartition(":")[2])
    if port == 1:
        reply(request, b"", "403 Forbidden")
        return
    with socket.create_connection(("127.0.0.1", port)) as onward:
        sock.sendall(b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
        tunnel(sock, onward)


def serve_socks4(sock: socket.socket) -> None:
    """SOCKS4 and 4a: any port of this machine."""
    greeting = sock.recv(8, socket.MSG_WAITALL)
    port = int.from_bytes(greeting[2:4], "big")
    named = greeting[4:7] == b"\0\0\0" and greeting[7] != 0
    for _ in range(2 if named else 1):
        while sock.recv(1) != b"\0":
            pass
    STATE.hit("socks4a" if named else "socks4")
    with socket.create_connection(("127.0.0.1", port)) as onward:
        sock.sendall(b"\0\x5a\0\0\0\0\0\0")
        tunnel(sock, onward)


def serve_socks5(sock: socket.socket) -> None:
    """SOCKS5 without passwords, IPv4 addresses only: any port of this machine."""
    version, methods = sock.recv(2, socket.MSG_WAITALL)
    if version != 5:
        return
    sock.recv(methods, socket.MSG_WAITALL)
    sock.sendall(b"\5\0")
    port = int.from_bytes(sock.recv(10, socket.MSG_WAITALL)[8:], "big")
    STATE.hit("socks5")
    with socket.create_connection(("127.0.0.1", port)) as onward:
        sock.sendall(b"\5\0\0\1\0\0\0\0\0\0")
        tunnel(sock, onward)


class Certificates:
    """A CA and the certificates it signed, well or badly; made by the openssl program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "index.txt").touch()
        (folder / "index.txt.attr").write_text("unique_subject = no\n")
        (folder / "serial").write_text("01\n")
        (folder / "ca.cnf").write_text(CA_CONFIG.format(folder=folder))
        self.self_signed("ca", "Test CA", "basicConstraints=critical,CA:TRUE")

    def run(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, cwd=self.folder, capture_output=True)

    def self_signed(self, name: str, subject: str, *extensions: str) -> None:
        added = [word for extension in extensions for word in ("-addext", extension)]
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc",
                 "-subj", f"/CN={subject}", "-days", "30", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                 *added)

    def signed(self, name: str, names: str, start: str, end: str) -> None:
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc",
                 "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
        self.run("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-notext",
                 "-startdate", start, "-enddate", end, "-extfile", f"{name}.ext",
                 "-in", f"{name}.csr", "-out", f"{name}.pem")

    def context(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context

    def digest(self, name: str, algorithm: str) -> str:
        der = ssl.PEM_cert_to_DER_cert((self.folder / f"{name}.pem").read_text())
        return hashlib.new(algorithm, der).hexdigest()


def old_context(certificates: Certificates) -> ssl.SSLContext:
    """TLS 1.1 at best."""
    context = certificates.context("good")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def serve(sock: socket.socket, context: ssl.SSLContext | None, talk: Callable[[socket.socket], None]) -> None:
    """One connection, from the handshake to the end."""
    try:
        sock.settimeout(30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            sock = context.wrap_socket(sock, server_side=True)
        talk(sock)
    except (OSError, ValueError):
        pass  # clients that break off are what the tests are about
    finally:
        sock.close()


def accept(listener: socket.socket, context: ssl.SSLContext | None,
           talk: Callable[[socket.socket], None]) -> None:
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock, context, talk), daemon=True).start()


def listen(context: ssl.SSLContext | None, talk: Callable[[socket.socket], None] = serve_http,
           family: int = socket.AF_INET) -> int:
    """Start a listener. Returns its port, or 0 where this machine has no such addresses."""
    listener = socket.socket(family)
    try:
        listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    except OSError:
        return 0
    listener.listen(64)
    threading.Thread(target=accept, args=(listener, context, talk), daemon=True).start()
    return listener.getsockname()[1]


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    certificates = Certificates(folder)
    here = "DNS:localhost,IP:127.0.0.1,IP:::1"
    certificates.self_signed("self", "self.example", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    certificates.signed("good", here, "20200101000000Z", "20491231000000Z")
    certificates.signed("expired", here, "20200101000000Z", "20210203000000Z")
    certificates.signed("early", here, "20490101000000Z", "20491231000000Z")
    certificates.signed("other", "DNS:other.example,DNS:b\x07ll,IP:10.1.2.3", "20200101000000Z", "20491231000000Z")

    refused = socket.socket()
    refused.bind(("127.0.0.1", 0))  # taken, but nobody listens

    ports = {name: listen(certificates.context(name)) for name in ("good", "self", "expired", "early", "other")}
    ports |= {
        "old": listen(old_context(certificates)),
        "plain": listen(None),
        "plain6": listen(None, family=socket.AF_INET6),
        "good6": listen(certificates.context("good"), family=socket.AF_INET6),
        "mute": listen(None, serve_silence),
        "greeting": listen(None, serve_greeting),
        "proxy": listen(None, serve_proxy),
        "socks4": listen(None, serve_socks4),
        "socks5": listen(None, serve_socks5),
        "refused": refused.getsockname()[1],
    }
    facts = {f"port.{name}": str(port) for name, port in ports.items()}
    facts |= {f"{algorithm}.{name}": certificates.digest(name, algorithm)
              for name in ("good", "self", "expired", "early", "other") for algorithm in ("sha1", "sha256")}
    for name in ("ca", "self", "other"):
        facts[f"pem.{name}"] = str(folder / f"{name}.pem")
    print("\n".join(f"{name} {value}" for name, value in facts.items()), "ready", sep="\n", flush=True)

    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
