#!/usr/bin/env python3
"""scale.py HOLDFAST FAKE_S3 [KEYS]: what the number of keys costs.

Runs `holdfast pull` against generated listings of 1,000 and of 1,000,000 (or KEYS) keys that are all
held, and once with a fifth of the million changed at once, lets the keep rules decide on the million,
and prints a table of CPU seconds, peak memory, requests and what was written. What is held is put into
the ledger by SQL: a million downloads would only measure downloads.
"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

MANY = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000


def serve(fake_s3, work, keys):
    port_file = os.path.join(work, f"port-{keys}")
    server = subprocess.Popen(
        [fake_s3, "--synthetic-keys", str(keys), "--bucket", "b", "--port-file", port_file,
         "--user", "READER:secret:ro"],
        stdout=subprocess.DEVNULL)
    while not os.path.exists(port_file):
        if server.poll() is not None:
            sys.exit("the server did not start")
        time.sleep(0.05)
    with open(port_file, encoding="ascii") as file:
        return server, int(file.read())


def configure(holdfast, work, port, extra=""):
    disk = os.path.join(work, "disk")
    shutil.rmtree(disk, ignore_errors=True)
    os.mkdir(disk)
    subprocess.run([holdfast, "init", disk], check=True, capture_output=True)
    config = os.path.join(work, "holdfast.conf")
    with open(config, "w", encoding="ascii") as file:
        file.write(f"[disk]\npath = {disk}\nrequire_mount = no\nmin_free = 0\n"
                   f"[agent]\nstatus_file = {work}/status.json\n{extra}"
                   f"[source s]\nbucket = b\nendpoint = http://127.0.0.1:{port}\n"
                   # What is served has names of archives, and none of their bytes.
                   "soundness = off\n")
    return config, os.path.join(disk, ".holdfast", "ledger.db")


def pull(holdfast, config, work, command="pull"):
    """(exit status, CPU seconds, peak MiB, MiB written, the source's status)"""
    child = subprocess.Popen([holdfast, "--config", config, *command.split()],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    with open(os.path.join(work, "status.json"), encoding="utf-8") as file:
        source = json.load(file)["sources"][0]
    return (child.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024,
            usage.ru_oublock * 512 / 2**20, source)


def hold_all(ledger):
    """What the plan wants, and the first pull had no time for, becomes what is held; how many."""
    with sqlite3.connect(ledger) as database:
        held = database.execute(
            "INSERT INTO archive (source_id, key, variant, etag, size_bytes, version_id, last_modified, "
            "sha256, verified_by, held_since, read_at) SELECT source_id, key, 0, etag, size_bytes, version_id, "
            "last_modified, randomblob(32), 'etag-md5', strftime('%s', 'now') + 0, "
            "strftime('%s', 'now') + 0 FROM pending")
        database.execute("DELETE FROM pending")
        database.execute("UPDATE source SET archives=(SELECT count(*) FROM archive), "
                         "expiry_asked_at=strftime('%s', 'now') + 0")
    database.close()
    return held.rowcount


def change_a_fifth(ledger):
    with sqlite3.connect(ledger) as database:
        database.execute("UPDATE archive SET etag='another' WHERE substr(key, -9, 1) IN (x'30', x'35')")
    database.close()


def row(name, measured, what, asks=True):
    _, cpu, peak, written, source = measured
    requests = source["run"]["requests"] if asks else 0
    print(f"| {name} | {cpu:.2f} | {peak:.1f} | {requests} | {written:.1f} | {what} |")


def decide(holdfast, config, work):
    """What the keep rules cost, where all is one series, and where each key is its own."""
    with open(config, encoding="ascii") as file:
        plain = file.read()
    for series, name in (("auto", "one series"), ("^(.*)$", f"{MANY:,} series")):
        with open(config, "w", encoding="ascii") as file:
            file.write(f"{plain}series = {series}\nkeep_within = 1s\nkeep_daily = 7\n"
                       "keep_weekly = 4\nkeep_monthly = 12\nkeep_yearly = 5\n")
        time.sleep(2)
        measured = pull(holdfast, config, work, "prune --dry-run")
        row(f"keep rules on {MANY:,} archives, {name}", measured, f"exit status {measured[0]}",
            asks=False)
    with open(config, "w", encoding="ascii") as file:
        file.write(plain)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__.splitlines()[0])
    holdfast, fake_s3 = (os.path.realpath(path) for path in sys.argv[1:3])
    os.environ.update(AWS_ACCESS_KEY_ID="READER", AWS_SECRET_ACCESS_KEY="secret")
    work = tempfile.mkdtemp(prefix="holdfast-scale-")
    servers = []
    try:
        print("| work | CPU s | peak MiB | requests | MiB written | ended |")
        print("| --- | ---: | ---: | ---: | ---: | --- |")
        for keys in (1_000, MANY):
            server, port = serve(fake_s3, work, keys)
            servers.append(server)
            config, ledger = configure(holdfast, work, port, "max_runtime = 1s\n")
            first = pull(holdfast, config, work)
            row(f"first listing of {keys:,} new keys", first, f"exit status {first[0]}")
            if hold_all(ledger) == 0 and keys == MANY:
                sys.exit("the first pull has fetched all of them in its second; name more KEYS")
            pull(holdfast, config, work)  # makes the manifest of what SQL has put in
            measured = pull(holdfast, config, work)
            row(f"nothing new, {keys:,} keys", measured, f"exit status {measured[0]}")
        decide(holdfast, config, work)
        change_a_fifth(ledger)
        measured = pull(holdfast, config, work)
        source = measured[4]
        row(f"{source['run']['changed']:,} of {MANY:,} changed at once", measured,
            f"exit status {measured[0]}, {'HOLD' if source['hold'] else 'no HOLD'}, "
            f"{len(source['alarms'])} alarm")
        measured = pull(holdfast, config, work)
        row("and once more on HOLD", measured, f"exit status {measured[0]}")
    finally:
        for server in servers:
            server.kill()
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
