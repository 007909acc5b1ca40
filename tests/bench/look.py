#!/usr/bin/env python3
"""look.py HOLDFAST FAKE_S3 [RUNS]: what the look at what arrives (`soundness = quick`) costs: the same pulls with
it and without, in turns, from the small server of the tests. Prints a table in markdown: the median of CPU seconds
(user+sys) of each, and how much more that is; for small archives also the system calls, counted by strace."""
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile

PROGRAM, FAKE_S3 = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
RUNS = int(sys.argv[3]) if len(sys.argv) > 3 else 5
ROWS = {"small": ("pull 10,000 × 4 KiB", 10_000, 4096), "big": ("pull 2 × 512 MiB", 2, 512 << 20)}


def fill(bucket, count, size):
    bucket.mkdir(parents=True)
    block = os.urandom(1 << 20)
    for number in range(count):
        with (bucket / f"db-{number:05}.tar.gz").open("wb") as file:
            # What a gzip is and how it ends is looked at, and not what is packed.
            file.write(b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + number.to_bytes(8, "little"))
            for _ in range((size - 22) // len(block)):
                file.write(block)
            file.write(block[:(size - 22) % len(block)] + bytes(4))


def pull(work, url, row, soundness, *before):
    # A directory of its own: ext4 takes long over what lies where files were just removed.
    disk = pathlib.Path(tempfile.mkdtemp(prefix="disk-", dir=work))
    conf = work / "conf"
    conf.write_text(f"[disk]\npath = {disk}\nrequire_mount = no\nmin_free = 0\n[agent]\nstatus_file = {work}/status\n"
                    f"[source s]\nbucket = {row}\nendpoint = {url}\nsoundness = {soundness}\n")
    conf.chmod(0o600)
    subprocess.run([PROGRAM, "init", disk], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before_cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "R", "AWS_SECRET_ACCESS_KEY": "s"}
    subprocess.run([*before, PROGRAM, "--config", conf, "pull"], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before_cpu.ru_utime - before_cpu.ru_stime


def calls(work, url, soundness):
    counts = work / "counts"
    pull(work, url, "small", soundness, "strace", "-f", "-c", "-o", counts)
    return int(re.search(r"(\d+)(?: +\d+)? total$", counts.read_text(), re.M).group(1))


def main():
    with tempfile.TemporaryDirectory(prefix="holdfast-look-") as name:
        work = pathlib.Path(name)
        for row, (_, count, size) in ROWS.items():
            fill(work / "cloud" / row, count, size)
        server = subprocess.Popen([FAKE_S3, "--root", work / "cloud", "--user", "R:s:ro"], stdout=subprocess.PIPE, text=True)
        url = server.stdout.readline().strip()
        try:
            print("| work | CPU s, off | CPU s, quick | more |\n| --- | ---: | ---: | ---: |")
            for row, (title, _, _) in ROWS.items():
                seconds = {"off": [], "quick": []}
                for _ in range(RUNS):
                    for soundness, some in seconds.items():
                        some.append(pull(work, url, row, soundness))
                off, quick = (statistics.median(some) for some in seconds.values())
                print(f"| {title} | {off:.2f} | {quick:.2f} | {(quick / off - 1) * 100:+.1f}% |", flush=True)
            off, quick = calls(work, url, "off"), calls(work, url, "quick")
            print(f"\nsystem calls of 10,000 × 4 KiB: {off} off, {quick} quick, {(quick - off) / 10_000:+.2f} for each archive")
        finally:
            server.kill()


main()
