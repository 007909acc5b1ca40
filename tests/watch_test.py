#!/usr/bin/env python3
"""tests/watch_test.py PROGRAM FAKE_S3: that failures reach a person: pings to a listener, the hooks, and
what is told again. Prints "ok - " and "not ok - " lines."""
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from world import World, end, tell  # noqa: E402

PROGRAM, FAKE_S3 = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])


class Listener:
    """Notes each ping: its path, and who says it is asking."""

    def __init__(self, answer=200):
        pings = self.pings = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                pings.append((self.path, self.headers["User-Agent"]))
                self.answer()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                pings.append((self.path, self.headers["Title"], body))
                self.answer()

            def answer(self):
                self.send_response(answer)
                self.end_headers()

            def log_message(self, *words):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/secret-check"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self):
        pings = list(self.pings)
        self.pings.clear()
        return pings


def pings(world):
    listener = Listener()
    world.configure(agent=f"ping_url = {listener.url}\n")
    done = world.run("pull")
    got = listener.take()
    tell(done.returncode == 0 and [path for path, _ in got] == ["/secret-check/start", "/secret-check"],
         "a good run pings its start and its end", got)
    tell(got[-1][1].endswith("(exit status 0)"), "with its exit status", got)
    world.configure(agent=f"ping_url = {listener.url}\n", bucket="gone")
    done = world.run("pull")
    got = listener.take()
    tell(done.returncode == 2 and [path for path, _ in got] == ["/secret-check/start", "/secret-check/fail"]
         and got[-1][1].endswith("(exit status 2)"), "a run that fails says so, with its exit status", got)
    world.run("pull", "--dry-run")
    tell(listener.take() == [], "a dry run is nobody's business")
    config = world.path / "holdfast.conf"
    config.write_text(config.read_text() + "nonsense = 1\n")
    done = world.run("pull")
    got = listener.take()
    tell(done.returncode == 78 and [path for path, _ in got] == ["/secret-check/fail"]
         and got[0][1].endswith("(exit status 78)"), "and so does a wrong configuration", got)
    world.configure(agent=f"ping_url = {listener.url}?token=1\n")
    world.run("pull")
    tell([path for path, _ in listener.take()] == ["/secret-check/start?token=1", "/secret-check?token=1"],
         "what the URL asks stays at its end")


def bad_listeners(world):
    silent = socket.create_server(("127.0.0.1", 0))
    world.configure(agent=f"ping_url = http://127.0.0.1:{silent.getsockname()[1]}/secret-check\n")
    began = time.monotonic()
    done = world.run("pull")
    took = time.monotonic() - began
    tell(done.returncode == 0 and 9 < took < 40, f"a server that hangs holds nothing up for longer than 10 s: {took:.1f} s")
    tell(done.stderr.count("\n") == 1 and "warning: ping_url: the server has not answered for 10 s; the backup is not "
         "affected" in done.stderr and "secret" not in done.stderr, "and is one warning, without the URL", done.stderr)
    waiting = world.start("pull")
    time.sleep(4)
    acked = world.run("ack", "site")
    state = json.loads((world.path / "status.json").read_text())["state"]
    tell(acked.returncode == 0 and waiting.poll() is None and state == "ok",
         "the lock and the status do not wait for it", acked, state)
    waiting.communicate()
    silent.close()
    world.configure(agent="ping_url = http://127.0.0.1:1/x\n")
    again = world.run("pull")
    tell((again.returncode, again.stderr) == (0, ""), "the next run does not warn again", again)
    refusing = Listener(answer=404)
    world.configure(agent=f"ping_url = {Listener().url}\n")
    world.run("pull")
    world.configure(agent=f"ping_url = {refusing.url}\n")
    refused = world.run("pull")
    tell(refused.returncode == 0 and "ping_url: the server answers 404" in refused.stderr, "a refused ping is a warning", refused)


def hooks(world):
    log = world.path / "hooks"
    agent = (f"on_failure = env | grep ^HOLDFAST_ | sort | tr '\\n' ' ' >> {log} && echo >> {log}\n"
             "remind_every = 0\n")

    def told():
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    world.configure(agent=agent)
    tell(world.run("pull").returncode == 0 and told() == [], "a good run tells on_failure nothing")
    world.configure(agent=agent, bucket="gone")
    tell(world.run("pull").returncode == 2, "the bucket is gone")
    lines = told()
    tell(len(lines) == 1 and all(piece in lines[0] for piece in (
        "HOLDFAST_EVENT=failure ", "HOLDFAST_EXIT_STATUS=2 ", "HOLDFAST_STATE=incomplete ",
        "HOLDFAST_SOURCES=site ", "HOLDFAST_MESSAGE=site: ")), "on_failure is told, and of what", lines)
    tell(world.run("pull").returncode == 2 and told() == [], "once, and not each hour")
    world.disk.rename(world.path / "away")
    tell(world.run("pull").returncode == 75, "the disk is gone")
    lines = told()
    tell(len(lines) == 1 and "HOLDFAST_EXIT_STATUS=75 " in lines[0] and "HOLDFAST_STATE=absent " in lines[0],
         "another state is told of", lines)
    (world.path / "away").rename(world.disk)
    config = world.path / "holdfast.conf"
    config.write_text(config.read_text() + "nonsense = 1\n")
    tell(world.run("pull").returncode == 78, "the configuration is wrong")
    lines = told()
    tell(len(lines) == 1 and "HOLDFAST_EXIT_STATUS=78 " in lines[0] and "nonsense" in lines[0],
         "that is told, as far as the configuration can still be read", lines)
    world.configure(agent=agent)
    tell(world.run("pull").returncode == 0, "all is well again")
    lines = told()
    tell(len(lines) == 1 and "HOLDFAST_EVENT=over " in lines[0] and "HOLDFAST_EXIT_STATUS=0 " in lines[0],
         "which is told once", lines)
    tell(world.run("pull").returncode == 0 and told() == [], "and not again")
    config.chmod(0o666)
    refused = world.run("pull")
    tell(refused.returncode == 78 and "on_failure: refused, because users other than root" in refused.stderr and told() == [],
         "it is not run from a file that others can write", refused)


def reminders(world):
    log = world.path / "reminded"
    world.configure(agent=f"on_alarm = echo $HOLDFAST_EVENT $HOLDFAST_ALARM_KIND >> {log}\nremind_every = 8s\n")
    world.put("a", b"another")
    tell(world.run("pull").returncode == 1 and log.read_text() == "alarm changed\n", "an alarm is told of")
    quiet = world.run("pull")
    tell((quiet.returncode, quiet.stderr) == (1, ""), "and not by the next run", quiet)
    time.sleep(8.5)
    again = world.run("pull")
    tell("warning: site: 1 alarm is still open (1 changed)" in again.stderr
         and log.read_text().endswith("reminder changed\n"), "but again when remind_every is over", again)
    quiet = world.run("pull")
    tell(quiet.stderr == "", "once each time", quiet)
    world.run("ack", "site")
    time.sleep(8.5)
    tell(world.run("pull").stderr == "", "and no more when it is acknowledged")


def recipes_of_the_manual():
    """Each block of the section RECIPES."""
    manual = pathlib.Path(__file__).resolve().parent.parent / "deploy/man/holdfast.conf.5.md"
    section = manual.read_text().split("# RECIPES\n")[1].split("\n# ")[0]
    blocks = [textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)]
    return [block.removeprefix("[agent]\n") for block in blocks]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def recipes(world):
    listener = Listener()
    ntfy, healthchecks, webhook, mqtt = recipes_of_the_manual()

    def here(recipe):
        return re.sub(r"https?://[a-z0-9.:-]+/", listener.url.rsplit("/", 1)[0] + "/", recipe)

    world.configure(agent=here(ntfy))
    world.put("a", b"a third")
    world.run("pull")
    got = listener.take()
    tell(len(got) == 1 and got[0][:2] == ("/YOUR-TOPIC", "holdfast: changed of site")
         and got[0][2].startswith("the bucket has different content"), "the recipe for ntfy tells of an alarm", got)
    world.run("ack", "site")
    world.configure(agent=here(ntfy), bucket="gone")
    world.run("pull")
    got = listener.take()
    tell(len(got) == 1 and got[0][1].endswith(": incomplete") and got[0][2].startswith("site: cannot list bucket"),
         "and of a failure", got)
    world.configure(agent=here(webhook))
    world.run("pull")
    got = listener.take()
    tell(len(got) == 1 and got[0][0] == "/api/webhook/YOUR-ID"
         and got[0][2] == "event=over&message=nothing+fails+any+more",
         "the recipe for Home Assistant's webhook tells that it is over", got)
    world.configure(agent=here(healthchecks))
    world.run("pull")
    tell([path for path, _ in listener.take()] == ["/YOUR-CHECK/start", "/YOUR-CHECK"], "the recipe for healthchecks pings")
    broker_program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
    if not broker_program or not shutil.which("mosquitto_pub"):
        print("SKIPPED the recipe for MQTT: there is no mosquitto here")
        return
    port = free_port()
    (world.path / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    broker = subprocess.Popen([broker_program, "-c", str(world.path / "mosquitto.conf")], stderr=subprocess.DEVNULL)
    time.sleep(1)
    world.configure(agent=mqtt.replace("-h homeassistant.local", f"-h 127.0.0.1 -p {port}"), bucket="gone")
    world.run("pull")
    heard = subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-t", "holdfast/state", "-C", "1", "-W", "5"],
                           capture_output=True, text=True, check=False).stdout
    tell(heard == "incomplete\n", "the recipe for MQTT leaves the state with the broker", heard)
    broker.terminate()
    broker.wait()


def main():
    world = World(PROGRAM, FAKE_S3)
    try:
        world.put("a")
        tell(world.run("pull").returncode == 0, "the first pull")
        pings(world)
        bad_listeners(world)
        hooks(world)
        reminders(world)
        recipes(world)
    finally:
        world.close()


main()
end()
