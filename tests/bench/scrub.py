#!/usr/bin/env python3
"""scrub.py HOLDFAST [DIRECTORY [--quick]]: what reading everything again costs.

Runs `holdfast verify` over 1,000 archives of 4 KiB and one of 1 GiB, and over 1,000,000 of 4 KiB and
96 of 1 GiB, which are 100 GiB, and prints a table of CPU and wall seconds, peak memory, and how often
each byte was read. The archives are files with holes, which cost no room in DIRECTORY (else the
directory for temporary files) and no time of a device; they are put into the ledger by SQL. --quick:
the first of the two.
"""
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

KIB4, GIB = 4 << 10, 1 << 30


def zeros_sha256(size_bytes):
    digest, chunk = hashlib.sha256(), bytes(1 << 20)
    for offset in range(0, size_bytes, len(chunk)):
        digest.update(chunk[:size_bytes - offset])
    return digest.digest()


def hold(disk, ledger, count, size_bytes, long_ago):
    """`count` archives of `size_bytes` zeros."""
    sha256 = zeros_sha256(size_bytes)
    top = os.path.join(disk, "s", "archives")

    def rows():
        for i in range(count):
            folder = f"{size_bytes}/{i // 1000:04}"
            if i % 1000 == 0:
                os.makedirs(os.path.join(top, folder))
            key = f"{folder}/{i % 1000:03}"
            with open(os.path.join(top, key), "wb") as file:
                file.truncate(size_bytes)
            yield key.encode(), size_bytes, sha256, long_ago

    with sqlite3.connect(ledger) as database:
        database.executemany(
            "INSERT INTO archive (source_id, key, variant, etag, size_bytes, version_id, last_modified, "
            "sha256, verified_by, held_since, read_at) VALUES (1, ?, 0, 'e', ?, '', 0, ?, 'size', 0, ?)", rows())
        database.execute("UPDATE source SET archives=archives+?, size_bytes=size_bytes+?",
                         (count, count * size_bytes))
    database.close()


def prepare(holdfast, work, small, large):
    disk = os.path.join(work, "disk")
    shutil.rmtree(disk, ignore_errors=True)
    os.mkdir(disk)
    subprocess.run([holdfast, "init", disk], check=True, capture_output=True)
    config = os.path.join(work, "holdfast.conf")
    with open(config, "w", encoding="ascii") as file:
        file.write(f"[disk]\npath = {disk}\nrequire_mount = no\n"
                   f"[agent]\nstatus_file = {work}/status.json\n"
                   "[source s]\nbucket = b\nendpoint = http://127.0.0.1:9\n")
    ledger = os.path.join(disk, ".holdfast", "ledger.db")
    with sqlite3.connect(ledger) as database:
        database.execute("INSERT INTO source (source_id, name) VALUES (1, 's')")
    database.close()
    hold(disk, ledger, small, KIB4, 0)
    hold(disk, ledger, large, GIB, 0)
    return config


def bytes_read(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("rchar")).split()[1])


def measure(holdfast, config):
    begun = time.monotonic()
    child = subprocess.Popen([holdfast, "--config", config, "verify"], stdout=subprocess.DEVNULL)
    # The process is asked what it has read while it is there, if only as a zombie.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    wall, read = time.monotonic() - begun, bytes_read(child.pid)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"verify ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, read


def main():
    if len(sys.argv) not in (2, 3, 4):
        sys.exit(__doc__)
    holdfast = os.path.realpath(sys.argv[1])
    print("| held | CPU s | wall s | peak MiB | read, for each byte held |\n"
          "| --- | ---: | ---: | ---: | ---: |")
    for small, large in ((1_000, 1), (1_000_000, 96))[:1 if sys.argv[3:] else 2]:
        with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as work:
            cpu, wall, peak, read = measure(holdfast, prepare(holdfast, work, small, large))
        share = read / (small * KIB4 + large * GIB)
        print(f"| {small:,} × 4 KiB and {large} × 1 GiB | {cpu:.2f} | {wall:.2f} | {peak:.1f} | "
              f"{share:.3f} |", flush=True)


if __name__ == "__main__":
    main()
