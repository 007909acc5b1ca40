"""For tests/setup_test.py: a machine of its own, a person at its terminal, and a mail server."""
import asyncio
import gzip
import logging
import os
import pathlib
import pty
import select
import signal
import ssl
import subprocess
import tempfile
import termios
import threading
import time

SECRET = "kept+from/every=eye"
PASSWORD = "of-the-mailbox#1"
CONFIG = pathlib.Path("/etc/holdfast/holdfast.conf")
KEYS = pathlib.Path("/etc/holdfast/credentials")
MSMTPRC = pathlib.Path("/etc/msmtprc")
# What is run while a secret is known; each is noted with its arguments and its environment.
NOTED = ("mktemp cat chgrp chmod sync mv rm awk sed grep tail tr dirname stty setpriv lsblk blkid findmnt mount "
         "umount mkdir mountpoint ls readlink mkfs.ext4 wc touch getent").split()


def run(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options).stdout


class Terminal:
    """holdfast-setup, and a person who waits for each question before answering it."""

    def __init__(self, program, *words):
        words = [word for word in words if word]
        self.seen, self.at = "", 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # A terminal's Ctrl-C reaches whoever sits there, however the tests were started.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execv(program, [program, *words])

    def read(self, timeout):
        if not select.select([self.fd], [], [], timeout)[0]:
            return False
        try:
            some = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += some.decode(errors="replace").replace("\r\n", "\n")
        return bool(some)

    def expect(self, *texts):
        """Which of the texts comes first."""
        end = time.monotonic() + 30
        while not (found := [text for text in texts if text in self.seen[self.at:]]):
            if time.monotonic() > end or not self.read(1) and os.waitid(
                    os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                raise AssertionError(f"waited for {' or '.join(texts)!r}, and saw:\n{self.seen[-1500:]}")
        text = min(found, key=lambda text: self.seen.index(text, self.at))
        self.at = self.seen.index(text, self.at) + len(text)
        return text

    def answer(self, question, line):
        self.expect(question)
        os.write(self.fd, (line + "\n").encode())

    def end_after_ping(self, url=""):
        """Only a holdfast that has ping_url is asked for one: whether it was."""
        asked = self.expect("Its URL", "== Done") == "Its URL"
        if asked:
            os.write(self.fd, (url + "\n").encode())
            self.expect("== Done")
        self.asked_for_url = asked
        return self.end()

    def end(self):
        while self.read(10):
            pass
        # What still waits for an answer fails here, and does not hang.
        for _ in range(100):
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                break
            time.sleep(0.1)
        else:
            os.kill(self.pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.echoes = bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)
        os.close(self.fd)
        return status


class Machine:
    """A machine of our own: its /etc, its users, its disk, its programs."""

    def __init__(self, prefix, fake_s3):
        self.work = pathlib.Path(tempfile.mkdtemp())
        run("mount", "-t", "tmpfs", "none", str(self.work))
        for name, place in {"etc": "/etc", "lib": "/var/lib", "mnt": "/mnt", "run": "/run",
                            "sbin": "/usr/local/sbin"}.items():
            (self.work / name).mkdir()
            if name == "etc":
                run("cp", "-a", "/etc/.", str(self.work / name))
            run("mount", "--bind", str(self.work / name), place)
        run("rm", "-rf", "/etc/holdfast", "/etc/cron.d/holdfast", str(MSMTPRC), "/etc/aliases",
            "/etc/systemd/system/holdfast.service.d")
        # Without a newline at its end, as some editors leave it.
        pathlib.Path("/etc/fstab").write_text("# the old lines stay\nproc /proc proc defaults 0 0")
        pathlib.Path("/etc/aliases").write_text("postmaster: root")
        with open("/etc/group", "a") as groups, open("/etc/passwd", "a") as users:
            if "\nholdfast:" not in pathlib.Path("/etc/passwd").read_text():
                groups.write("holdfast:x:64999:\n")
                users.write("holdfast:x:64999:64999::/var/lib/holdfast:/usr/sbin/nologin\n")
        run("install", "-d", "-m", "0750", "-g", "holdfast", "/etc/holdfast")
        run("install", "-d", "-m", "0755", "-o", "holdfast", "-g", "holdfast", "/var/lib/holdfast")
        os.makedirs("/run/systemd/system")
        self.programs(prefix)
        self.setup = str(prefix / "sbin/holdfast-setup")
        run("truncate", "-s", "2G", str(self.work / "disk"))
        self.loop = run("losetup", "-f", "--show", str(self.work / "disk")).strip()
        self.serve(fake_s3)

    def programs(self, prefix):
        run("cp", str(prefix / "bin/holdfast"), "/usr/local/sbin/holdfast")
        self.told = self.work / "told"
        self.noted = self.work / "noted"
        self.stub("systemctl", f"""echo "systemctl $*" >>{self.told}
case "$*" in
  *enable*--now*) touch {self.work}/timer ;;
  *disable*) rm -f {self.work}/timer ;;
  *is-enabled*) test -e {self.work}/timer ;;
esac""")
        self.stub("apt-get", f"echo \"apt-get $*\" >>{self.told}")
        for name in NOTED:
            self.note(name)

    def note(self, name):
        real = run("sh", "-c", f"PATH=/usr/bin:/bin:/usr/sbin:/sbin command -v {name}").strip()
        self.stub(name, f"""{{ printf '%s\\n' "$0 $*"; export -p; }} >>{self.noted}
exec {real} "$@\"""")

    def call_it_usb(self, serial):
        """From here on the disk is one on USB, as lsblk tells it."""
        self.stub("lsblk", f"""case "$*" in
  *NAME,TRAN*) echo "{self.loop} usb" ;;
  *' SERIAL '*) echo "{serial}" ;;
  *) exec /usr/bin/lsblk "$@" ;;
esac""")

    def stub(self, name, script):
        path = pathlib.Path("/usr/local/sbin") / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def serve(self, fake_s3):
        bucket = self.work / "cloud/my-backups"
        (bucket / "db").mkdir(parents=True)
        (bucket / "db/a.sql.gz").write_bytes(gzip.compress(os.urandom(200_000)))
        (bucket / "small.txt").write_bytes(b"small")
        self.server = subprocess.Popen(
            [str(fake_s3), "--root", str(self.work / "cloud"), "--port", "0", "--user", f"AKIAEXAMPLE:{SECRET}:ro"],
            stdout=subprocess.PIPE, text=True)
        self.url = self.server.stdout.readline().strip()

    def start(self, *options):
        return Terminal(self.setup, *(options or ("--disk", self.loop)))

    def clean_up(self):
        self.server.terminate()
        subprocess.run(["umount", "-q", "/mnt/backup"], check=False)
        subprocess.run(["losetup", "-d", self.loop], check=False)


class MailServer:
    """Takes what comes by STARTTLS from whoever has the password."""

    def __init__(self, work):
        from aiosmtpd.smtp import SMTP, AuthResult
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost", "-keyout", str(work / "key.pem"), "-out", str(work / "cert.pem"))
        with open("/etc/ssl/certs/ca-certificates.crt", "a") as trusted:
            trusted.write((work / "cert.pem").read_text())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(work / "cert.pem", work / "key.pem")
        self.mails = []
        # It would tell what it will no longer have some day.
        logging.getLogger("mail.log").setLevel(logging.ERROR)

        def check(server, session, envelope, mechanism, data):
            good = (data.login, data.password) == (b"me@example.org", PASSWORD.encode())
            return AuthResult(success=good, handled=not good)

        self.loop = asyncio.new_event_loop()
        server = self.loop.run_until_complete(self.loop.create_server(
            lambda: SMTP(self, hostname="localhost", tls_context=context, require_starttls=True, auth_required=True,
                         authenticator=check, loop=self.loop), "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"
