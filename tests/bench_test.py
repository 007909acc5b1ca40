#!/usr/bin/env python3
"""bench_test.py HOLDFAST FAKE_S3: the measurements that put what is held into the ledger by themselves do what they
say, a small one of each, so that they keep up with the ledger. Nothing is said of times."""
import pathlib
import re
import subprocess
import sys
import tempfile

BENCH = pathlib.Path(__file__).resolve().parent / "bench"
HOLDFAST, FAKE_S3 = (str(pathlib.Path(word).resolve()) for word in sys.argv[1:3])
failed = False


def check(claim, holds, said):
    global failed
    print(f"{'ok' if holds else 'not ok'} - {claim}")
    if not holds:
        failed = True
        print(said)


def table(script, *arguments):
    """What it printed, and the last cell of each row by its first."""
    done = subprocess.run([sys.executable, BENCH / script, *arguments], capture_output=True, text=True, check=False)
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in done.stdout.splitlines() if line.startswith("| ")]
    return done.stdout + done.stderr, {row[0]: row[-1] for row in rows[2:]}, done.returncode


said, ended, status = table("scale.py", HOLDFAST, FAKE_S3, "2000")
check("scale.py measures every row", status == 0 and len(ended) == 8, said)
check("what SQL put into the ledger is held: nothing is new",
      [ended.get(f"nothing new, {keys} keys") for keys in ("1,000", "2,000")] == ["exit status 0"] * 2, said)
check("the keep rules decide, on one series and on many",
      [end for row, end in ended.items() if row.startswith("keep rules")] == ["exit status 0"] * 2, said)
check("a fifth that changes at once is put on HOLD",
      any(re.match("400 of 2,000 changed", row) and "HOLD, 1 alarm" in end and "no HOLD" not in end
          for row, end in ended.items()), said)

with tempfile.TemporaryDirectory() as work:
    said, read, status = table("scrub.py", HOLDFAST, work, "--quick")
check("scrub.py reads each byte that is held once",
      status == 0 and len(read) == 1 and all(1 <= float(share) < 1.01 for share in read.values()), said)
sys.exit(failed)
