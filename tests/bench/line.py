"""A loopback TCP proxy that is a bad line, and counts what it lets down.

    line.py URL COUNT_FILE --cut BYTES             each connection ends after so many bytes
    line.py URL COUNT_FILE --away BYTES SECONDS    after so many bytes, once, all connections end, and
                                                   for so long none is accepted
    line.py URL COUNT_FILE --far SECONDS BYTES     a round trip takes so long, in which a connection
                                                   brings so many bytes at most

prints its own URL and then serves until it is killed. COUNT_FILE has the bytes that came down, heads and
listings too.
"""
import socket
import sys
import threading
import time
import urllib.parse

CHUNK_BYTES = 64 * 1024


class Line:
    """What all connections share."""

    def __init__(self, count_file, cut_bytes=None, away_bytes=None, away_seconds=0.0, trip_seconds=0.0,
                 window_bytes=None):
        self.trip_seconds, self.window_bytes = trip_seconds, window_bytes
        self._lock = threading.Lock()
        self._count_file = count_file
        self._bytes = 0
        self.cut_bytes, self._away_bytes, self._away_seconds = cut_bytes, away_bytes, away_seconds
        self._back_at = 0.0

    def is_away(self):
        return time.monotonic() < self._back_at

    def passed(self, count):
        """How many bytes of these come through; fewer: the line breaks here."""
        with self._lock:
            if self._away_bytes is not None and self._bytes + count > self._away_bytes:
                self._away_bytes = None
                self._back_at = time.monotonic() + self._away_seconds
            if self.is_away():
                count = 0
            self._bytes += count
            return count

    def write_count(self):
        with self._lock, open(self._count_file, "w", encoding="ascii") as file:
            file.write(f"{self._bytes}\n")


def copy_up(client, server, line):
    time.sleep(line.trip_seconds)  # the handshake's
    try:
        while chunk := client.recv(CHUNK_BYTES):
            time.sleep(line.trip_seconds)
            server.sendall(chunk)
    except OSError:
        pass


def copy_down(client, server, line):
    left = line.cut_bytes
    due = time.monotonic()
    while chunk := server.recv(CHUNK_BYTES if left is None else min(left, CHUNK_BYTES)):
        count = line.passed(len(chunk))
        if line.window_bytes:
            due = max(due, time.monotonic() - line.trip_seconds) + line.trip_seconds * count / line.window_bytes
            time.sleep(max(0.0, due - time.monotonic()))
        client.sendall(chunk[:count])
        line.write_count()
        left = None if left is None else left - count
        if count < len(chunk) or left == 0:
            return


def serve(client, server_address, line):
    with client, socket.create_connection(server_address) as server:
        up = threading.Thread(target=copy_up, args=(client, server, line), daemon=True)
        up.start()
        try:
            copy_down(client, server, line)
        except OSError:
            pass
        for end in (client, server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        up.join()


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    url, count_file, kind, *numbers = sys.argv[1:]
    if kind == "--cut":
        line = Line(count_file, cut_bytes=int(numbers[0]))
    elif kind == "--away":
        line = Line(count_file, away_bytes=int(numbers[0]), away_seconds=float(numbers[1]))
    else:
        line = Line(count_file, trip_seconds=float(numbers[0]), window_bytes=int(numbers[1]))
    target = urllib.parse.urlsplit(url)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            client, _ = listener.accept()
            if line.is_away():
                client.close()
                continue
            threading.Thread(target=serve, daemon=True,
                             args=(client, (target.hostname, target.port), line)).start()


if __name__ == "__main__":
    main()
