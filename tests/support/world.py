"""A small world for the test scripts that run the real program: a disk, a bucket that is a directory,
and the test server before it. Claims are told as "ok - " and "not ok - " lines."""
import atexit
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

failed = False


def tell(good, claim, *shown):
    global failed
    print(f"{'ok' if good else 'not ok'} - {claim}", flush=True)
    if not good:
        failed = True
        for one in shown:
            print("  " + repr(one))


def end():
    sys.exit(1 if failed else 0)


class World:
    """`options` are those of the test server."""

    def __init__(self, program, fake_s3, *options):
        self.program = program
        self._directory = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self._directory.name)
        self.disk = self.path / "disk"
        self.disk.mkdir()
        self.bucket = self.path / "buckets" / "backups"
        self.bucket.mkdir(parents=True)
        self._server = subprocess.Popen(
            [fake_s3, "--root", str(self.bucket.parent), "--user", "reader:secret:ro", *options],
            stdout=subprocess.PIPE, text=True)
        # Else whoever reads what a test prints waits for the server, too.
        atexit.register(self._server.kill)
        self.url = self._server.stdout.readline().strip()
        self.environment = {"PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": "reader",
                            "AWS_SECRET_ACCESS_KEY": "secret", "TERM": "xterm",
                            "HOLDFAST_CONFIG": str(self.path / "holdfast.conf")}
        self.configure()
        assert self.run("init", str(self.disk)).returncode == 0

    def configure(self, agent="", source="", bucket="backups"):
        text = f"[disk]\npath = {self.disk}\nrequire_mount = no\nmin_free = 0\n"
        text += f"[agent]\nstatus_file = {self.path}/status.json\nretries = 1\n{agent}"
        # Most have a few letters under any name.
        looks = "" if "soundness" in source else "soundness = off\n"
        text += f"[source site]\nbucket = {bucket}\nendpoint = {self.url}\n{looks}{source}"
        path = self.path / "holdfast.conf"
        path.write_text(text)
        path.chmod(0o640)

    def put(self, key, content=b"content"):
        path = self.bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def run(self, *words, stdout=subprocess.PIPE, **environment):
        return subprocess.run([self.program, *words], env={**self.environment, **environment},
                              stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
                              text=True, cwd=self.path, timeout=120)

    def start(self, *words):
        return subprocess.Popen([self.program, *words], env=self.environment, cwd=self.path,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def at_terminal(self, *words, columns=80, answer="", **environment):
        """What a person sees who types it: the exit status, and all that came."""
        pid, terminal = pty.fork()
        if pid == 0:
            # As at a terminal of one's own, however the tests were started.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.chdir(self.path)
            os.execve(self.program, [self.program, *words], {**self.environment, **environment})
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        seen = b""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            ready, _, _ = select.select([terminal], [], [], 0.2)
            if not ready:
                continue
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
            if answer and b"[y/N]" in seen:
                os.write(terminal, answer.encode())
                answer = ""
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status), seen.decode(errors="replace").replace("\r\n", "\n")

    def close(self):
        self._server.terminate()
        self._server.wait()
        self._directory.cleanup()


ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def without_escapes(text):
    return ESCAPE.sub("", text)


def bars(text):
    """Each state of the progress bar that was drawn."""
    return [ESCAPE.sub("", piece) for piece in re.split(r"[\r\n]", text) if ESCAPE.sub("", piece).startswith("[")]
