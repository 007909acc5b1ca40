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
    """What it printed, and the cells of each row behind its first, by that one."""
    done = subprocess.run([sys.executable, BENCH / script, *arguments], capture_output=True, text=True, check=False)
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in done.stdout.splitlines() if line.startswith("| ")]
    return done.stdout + done.stderr, {row[0]: row[1:] for row in rows[2:]}, done.returncode


said, rows, status = table("scale.py", HOLDFAST, FAKE_S3, "20000")
ended = {row: cells[-1] for row, cells in rows.items()}
check("scale.py measures every row", status == 0 and len(ended) == 8, said)
nothing_new = rows.get("nothing new, 20,000 keys", [""] * 5)
check("what SQL put into the ledger is held: a pull lists 20 pages and fetches nothing",
      nothing_new[2] == "20" and nothing_new[-1] == "exit status 0", said)
check("the keep rules decide, on one series and on many",
      [end for row, end in ended.items() if row.startswith("keep rules")] == ["exit status 0"] * 2, said)
check("a fifth that changes at once is put on HOLD",
      any(re.match("4,000 of 20,000 changed", row) and "HOLD, 1 alarm" in end and "no HOLD" not in end
          for row, end in ended.items()), said)

with tempfile.TemporaryDirectory() as work:
    said, rows, status = table("scrub.py", HOLDFAST, work, "--quick")
check("scrub.py reads each byte that is held once",
      status == 0 and len(rows) == 1 and all(1 <= float(cells[-1]) < 1.01 for cells in rows.values()), said)
sys.exit(failed)
