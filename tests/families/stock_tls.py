# SPDX-License-Identifier: MIT
"""TLS between threads of one Python: a server and clients that share their contexts and sessions.

Argument: a folder with cert.pem and key.pem.
"""

import hashlib
import socket
import ssl
import sys
import threading

folder = sys.argv[1]
cert, key = folder + "/cert.pem", folder + "/key.pem"
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(cert, key)
client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
client.load_verify_locations(cert)
client.check_hostname = False
listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
ROUNDS, THREADS = 5, 6


def serve(s):
    try:
        with server.wrap_socket(s, server_side=True) as c:
            c.sendall(hashlib.sha256(c.recv(100)).hexdigest().encode())
    except OSError as e:
        print("server:", e)


def accept():
    served = []
    for _ in range(ROUNDS * THREADS):
        s, _ = listener.accept()
        served.append(threading.Thread(target=serve, args=(s,)))
        served[-1].start()
    # All of them are over before the interpreter is: a thread that libssl is cleaned up under may crash.
    for t in served:
        t.join()


def ask():
    session = None
    for i in range(ROUNDS):
        with client.wrap_socket(socket.create_connection(("127.0.0.1", port)), session=session) as c:
            c.sendall(b"%d" % i)
            assert c.recv(100) == hashlib.sha256(b"%d" % i).hexdigest().encode()
            session = c.session
        for name in ("sha256", "sha3_512", "blake2b"):
            hashlib.new(name, b"x").hexdigest()


threads = [threading.Thread(target=ask) for _ in range(THREADS)] + [threading.Thread(target=accept)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print("done")
