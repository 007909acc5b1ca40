"""A loopback TCP proxy that counts requests and bytes, and can hold a download midway.

    counting_proxy.py URL

prints its own URL and then serves until it is killed. A client that sends a line of its own instead
of a request is answered with "REQUESTS BYTES_DOWN" so far; the line is one of

    COUNT           nothing more
    HOLD N          from now on lets N bytes through to clients, then no more
    FREE            lets everything through again

Requests are counted by their blank lines, so only those without a body are counted right.
"""
import socket
import sys
import threading
import urllib.parse

CHUNK_BYTES = 256 * 1024


class Meter:
    """What went through so far, and how much more may; shared by all connections."""

    def __init__(self):
        self._changed = threading.Condition()
        self._requests = 0
        self._bytes_down = 0
        self._limit_bytes = None

    def count_requests(self, number):
        with self._changed:
            self._requests += number

    def wait_for_room(self, size_bytes):
        with self._changed:
            self._changed.wait_for(lambda: self._limit_bytes is None
                                   or self._bytes_down + size_bytes <= self._limit_bytes)
            self._bytes_down += size_bytes

    def obey(self, line):
        word, *number = line.split()
        with self._changed:
            if word == "HOLD":
                self._limit_bytes = self._bytes_down + int(number[0])
            elif word == "FREE":
                self._limit_bytes = None
                self._changed.notify_all()
            return f"{self._requests} {self._bytes_down}\n"


def copy_up(client, server, first, meter):
    chunk, tail = first, b""
    while chunk:
        seen = tail + chunk
        meter.count_requests(seen.count(b"\r\n\r\n"))
        tail = b"" if seen.endswith(b"\r\n\r\n") else seen[-3:]
        server.sendall(chunk)
        chunk = client.recv(CHUNK_BYTES)


def copy_down(client, server, meter):
    while chunk := server.recv(CHUNK_BYTES):
        meter.wait_for_room(len(chunk))
        client.sendall(chunk)


def until_closed(copy, client, server, *rest):
    """Runs one direction; when it ends, for whatever reason, the other ends too."""
    try:
        copy(client, server, *rest)
    except OSError:
        pass
    for end in (client, server):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client, server_address, meter):
    with client:
        first = client.recv(CHUNK_BYTES)
        if first.startswith((b"COUNT\n", b"HOLD ", b"FREE\n")):
            client.sendall(meter.obey(first.decode()).encode())
            return
        with socket.create_connection(server_address) as server:
            down = threading.Thread(target=until_closed, args=(copy_down, client, server, meter),
                                    daemon=True)
            down.start()
            until_closed(copy_up, client, server, first, meter)
            down.join()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = urllib.parse.urlsplit(sys.argv[1])
    meter = Meter()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, daemon=True,
                             args=(client, (target.hostname, target.port), meter)).start()


if __name__ == "__main__":
    main()
