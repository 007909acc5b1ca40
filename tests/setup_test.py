#!/usr/bin/python3
"""tests/setup_test.py PREFIX FAKE_S3: holdfast-setup as a person would use it: at a terminal, with a disk
in a file, a server of ours in the provider's place, and a mail server of ours. PREFIX is what
`cmake --install --prefix` filled. Runs as root, in a mount namespace of its own: /etc, /var/lib, /mnt and
/run of this machine are not touched. Prints "ok - " and "not ok - " lines."""
import hashlib
import os
import pathlib
import signal
import struct
import subprocess
import sys
import time

from support.setup_machine import CONFIG, KEYS, MSMTPRC, PASSWORD, SECRET, Machine, MailServer, run

DROP_IN = pathlib.Path("/etc/systemd/system/holdfast.service.d/disk.conf")
failed = False


def tell(good, claim, detail=""):
    global failed
    print(f"{'ok' if good else 'not ok'} - {claim}", flush=True)
    if not good:
        failed = True
        print("".join(f"  {line}\n" for line in str(detail).splitlines()), end="")


def digest(path):
    """Of the begin of a disk, where a new filesystem would be."""
    with open(path, "rb") as disk:
        return hashlib.sha256(disk.read(8 << 20)).hexdigest()


def files_of(folder):
    return {str(path): (path.read_bytes(), path.stat().st_mode, path.stat().st_gid)
            for path in pathlib.Path(folder).rglob("*") if path.is_file()}


def owner_and_mode(path):
    return run("stat", "-c", "%a %U %G", str(path)).strip()


def nothing_is_erased_without_its_name(machine):
    run("mkfs.ext4", "-q", machine.loop)
    before = digest(machine.loop)
    at = machine.start()
    at.answer("Which one is for the backups", "1")
    at.answer("Keep what is on", "n")
    at.answer("type exactly:", "yes")
    at.expect("is left as it is")
    at.answer("Which one is for the backups", "7")
    at.expect("Which one is for the backups (1 to 1)")
    os.write(at.fd, b"\x03")
    tell(at.end() == 130, "Ctrl-C ends it", at.seen)
    tell(digest(machine.loop) == before, "a disk is not formatted for a 'yes': its own name has to be typed")
    run("mount", machine.loop, "/opt")
    at = machine.start()
    at.expect("holds this system, and is left alone")
    at.answer("Enter looks again, q ends", "q")
    tell(at.end() == 1, "a disk that holds the system is not offered")
    run("umount", "/opt")


def a_part_of_the_system_disk_is_left_alone(machine):
    """Two partitions, of which one holds the system: the other is not offered either."""
    image = machine.work / "system-disk"
    run("truncate", "-s", "64M", str(image))
    entries = b"".join(struct.pack("<B3sB3sII", 0, b"\0\0\0", 0x83, b"\0\0\0", at, 49152) for at in (2048, 65536))
    with open(image, "r+b") as disk:
        disk.seek(446)
        disk.write(entries.ljust(64, b"\0") + b"\x55\xaa")
    loop = run("losetup", "-f", "--show", str(image)).strip()
    try:
        run("partx", "-a", loop)
        run("mkfs.ext4", "-q", f"{loop}p1")
        run("mount", f"{loop}p1", "/opt")
        at = machine.start("--disk", f"{loop}p2")
        at.expect(f"{loop}p2 is on {loop}, which holds this system, and is left alone")
        at.answer("Enter looks again, q ends", "q")
        tell(at.end() == 1, "a part of the disk that holds the system is not offered, and that is said", at.seen)
    finally:
        subprocess.run(["umount", "-q", "/opt"], check=False)
        subprocess.run(["partx", "-d", loop], check=False)
        run("losetup", "-d", loop)


def no_disk_is_asked_for_where_none_is_required(machine):
    before = pathlib.Path("/etc/fstab").read_text()
    os.mkdir("/mnt/shared")
    CONFIG.write_text("[disk]\npath = /mnt/shared\nrequire_mount = no\n\n[source site]\nbucket =\n")
    at = machine.start()
    at.expect("names /mnt/shared, which need not be a disk of its own")
    at.expect("A name for it")
    os.write(at.fd, b"\x03")
    at.end()
    tell("Which one is for the backups" not in at.seen and pathlib.Path("/etc/fstab").read_text() == before,
         "with require_mount = no and a path that is there, no disk is asked for", at.seen)
    tell(pathlib.Path("/mnt/shared/.holdfast/disk.json").exists(), "and that path is marked")
    CONFIG.unlink()


def the_endpoints_are_those_of_the_guide(prefix):
    rows = [[cell.strip().replace("`", "") for cell in line.split("|")[1:4]]
            for line in (pathlib.Path(__file__).parent.parent / "deploy" / "guide.md").read_text().splitlines()
            if line.startswith("| ")]
    told = {name: (endpoint, region) for name, endpoint, region in rows}
    account = "0123456789abcdef" * 2
    ask = """choose() { answer=$PICK; }; say() { :; }; source "$1"
ask_fitting() { answer=${2:-$GIVEN}; [[ $answer =~ $3 ]] || exit 9; }
ask_provider; printf '%s %s %s' "$answer" "$region" "$endpoint" """
    wrong, names = [], ["AWS", "Backblaze B2", "Cloudflare R2", "Wasabi", "Hetzner", "Scaleway", "Storj",
                        "Google Cloud Storage"]
    for pick, name in enumerate(names, 1):
        said = run("bash", "-c", ask, "-", str(prefix / "share/holdfast/source.sh"),
                   env={"PICK": str(pick), "GIVEN": account, "PATH": "/usr/bin:/bin"}).splitlines()
        _, region, endpoint = said[-1].split(" ")
        endpoint = endpoint.replace(region, "REGION").replace(account, "ACCOUNT") or "none"
        told_endpoint = told[name][0].replace("LOCATION", "REGION")
        if not said[pick - 1].endswith(f") {name}") or endpoint != told_endpoint or region not in told[name][1]:
            wrong.append((name, said[pick - 1], region, endpoint))
    tell(not wrong, f"the endpoints of {len(names)} providers are those of the guide", wrong)


def a_usb_disk_is_formatted_for_its_serial_number(machine):
    before = digest(machine.loop)
    machine.call_it_usb(r"WD\\x20WX12")
    at = machine.start("")
    at.answer("Which one is for the backups", "1")
    at.answer("Keep what is on", "n")
    at.answer("type exactly: WD WX12 ", machine.loop)
    at.expect("is left as it is")
    at.answer("Which one is for the backups", "1")
    at.answer("Keep what is on", "n")
    tell(digest(machine.loop) == before, "of a USB disk the serial number is asked for, and nothing less will do")
    places = ["/mnt/My Disk", "/mnt/Büro Platte"]
    for place in places:
        os.mkdir(place)
        run("mount", machine.loop, place)
    at.answer("type exactly: WD WX12 ", "WD WX12")
    for place in reversed(places):
        at.expect(f"is no longer mounted at {place}\n")
    tell(True, "it is unmounted first, wherever it is mounted")
    at.expect("has an ext4 filesystem now")
    tell(digest(machine.loop) != before, "with it the disk is formatted")
    at.expect("Where is it to be mounted")
    os.write(at.fd, b"\x03")
    at.end()
    machine.note("lsblk")


def answer_disk(at, machine):
    at.answer("Which one is for the backups", "1")
    at.answer("Keep what is on", "n")
    at.answer("type exactly:", machine.loop)
    at.expect("has an ext4 filesystem now")
    at.answer("Where is it to be mounted [/mnt/backup]", "/home/pi")
    at.answer("Where is it to be mounted [/mnt/backup]", "")


def answer_bucket(at, machine):
    at.answer("A name for it", "")
    at.answer("Where is the bucket", "11")
    at.answer("Endpoint", machine.url)
    at.answer("Region [us-east-1]", "")
    at.answer("Bucket", "my-backups")
    at.answer("Only what begins with", "")


def an_interruption_leaves_nothing_half(machine):
    at = machine.start()
    answer_disk(at, machine)
    answer_bucket(at, machine)
    at.answer("Access key id", "AKIAEXAMPLE")
    at.expect("Secret access key (not shown)")
    time.sleep(0.3)
    os.write(at.fd, b"half of it\x03")
    tell(at.end() == 130, "it can be ended while the secret is asked for", at.seen)
    tell(at.echoes, "and what is typed after it is shown again")
    left = sorted(path.name for path in pathlib.Path("/etc/holdfast").iterdir())
    tell(left == ["holdfast.conf"] and "\nbucket =\n" in CONFIG.read_text(), "no file is left half written", left)
    tell(subprocess.run(["mountpoint", "-q", "/mnt/backup"], check=False).returncode == 0,
         "the steps before it are done: the disk is mounted")


def it_goes_on_from_there(machine, mail):
    at = machine.start()
    at.expect("names /mnt/backup, which is mounted")
    answer_bucket(at, machine)
    at.answer("Access key id", "AKIAEXAMPLE")
    at.answer("Secret access key", "a wrong one")
    at.answer("Secret access key", "wrong")
    at.expect("That did not work")
    at.answer("k: give the key again", "k")
    at.answer("Access key id", "AKIAEXAMPLE")
    at.answer("Secret access key", SECRET)
    at.expect("site: can be read, as small.txt was")
    at.expect("in all: 2 archives to fetch")
    at.answer("Which [1]", "1")
    answer_mail(at, mail)
    tell(at.end_after_ping() == 0, "run again it goes on where it was, past a wrong key, to the end", at.seen)
    return at.seen


def answer_mail(at, mail):
    if mail is None:
        at.answer("Address (Enter: none)", "")
        return
    at.answer("Address (Enter: none)", "me@example.org")
    at.answer("Mail server", "localhost")
    at.answer("Port [587]", str(mail.port))
    at.answer("User [me@example.org]", "")
    at.answer("Password", PASSWORD)
    at.expect("a test mail was sent")


def the_drop_in_of_an_odd_place_is_right(prefix):
    place = "/mnt/My 100% Büro-disk"
    os.mkdir(place)
    run("mount", "-t", "tmpfs", "none", place)
    os.mkdir(f"{place}/in it")
    unit = r"mnt-My\x20100\x25\x20B\xc3\xbcro\x2ddisk.mount"
    for path in (place, f"{place}/in it"):
        said = run("bash", "-c", 'export LC_ALL=C; source "$1"; mount_point=$2; disk_drop_in', "-",
                   str(prefix / "share/holdfast/duty.sh"), path)
        wanted = f'[Unit]\nWants={unit}\nAfter={unit}\n\n[Service]\nReadWritePaths="-{path.replace("%", "%%")}"\n'
        tell(said == wanted, f"what the unit is told of {path} is as systemd reads it", said)
    run("umount", place)


def an_older_drop_in_is_mended(machine):
    new = DROP_IN.read_text()
    DROP_IN.write_text("[Unit]\nRequiresMountsFor=/mnt/backup\n\n[Service]\nReadWritePaths=/mnt/backup\n")
    at = machine.start()
    at.answer("Add another one", "")
    at.answer("Which [1]", "3")
    at.answer("Address", "")
    tell(at.end_after_ping() == 0 and DROP_IN.read_text() == new,
         "a drop-in of an older version, without whose disk nothing ran, is written once more", DROP_IN.read_text())


def a_disk_of_another_machine_is_given_to_this_one(machine):
    run("chown", "-R", "64997:64997", "/mnt/backup")
    stranger = pathlib.Path("/mnt/backup/photos")
    stranger.write_text("of somebody")
    os.chown(stranger, 64996, 64996)
    at = machine.start()
    at.expect("The mirror on /mnt/backup belongs to user 64997")
    at.expect("it belongs to holdfast")
    at.answer("Add another one", "")
    at.answer("Which [1]", "")
    at.answer("Address", "")
    at.end_after_ping()
    pulled = subprocess.run(["setpriv", "--reuid", "holdfast", "--regid", "holdfast", "--clear-groups", "holdfast",
                             "pull"], capture_output=True, text=True, check=False)
    tell(pulled.returncode == 0, "a disk of another machine is given to the user of this one, who can pull to it",
         pulled.stderr)
    left = run("find", "/mnt/backup", "-uid", "64997")
    tell(left == "" and stranger.stat().st_uid == 64996, "all of the mirror, and nothing else", left)
    stranger.unlink()


def what_it_left_is_right(machine, prefix):
    fstab = pathlib.Path("/etc/fstab").read_text()
    uuid = run("blkid", "-p", "-s", "UUID", "-o", "value", machine.loop).strip()
    tell(fstab == "# the old lines stay\nproc /proc proc defaults 0 0\nUUID=" + uuid +
         " /mnt/backup ext4 nofail,x-systemd.automount,nodev,nosuid,noexec 0 2\n", "the fstab has one more line", fstab)
    tell(owner_and_mode(KEYS) == "640 root holdfast", "the key is for root and the group only", owner_and_mode(KEYS))
    tell(owner_and_mode(CONFIG) == "640 root holdfast", "and so is the configuration", owner_and_mode(CONFIG))
    tell("systemctl enable --now holdfast.timer" in machine.told.read_text(), "the timer is on")
    example = (prefix / "share/doc/holdfast/examples/disk.conf").read_text()
    bare = "\n".join(line for line in example.splitlines() if not line.startswith("#")).strip() + "\n"
    tell(DROP_IN.read_text() == bare, "the unit knows the disk, by what the example says", DROP_IN.read_text())
    pulled = subprocess.run(["setpriv", "--reuid", "holdfast", "--regid", "holdfast", "--clear-groups", "holdfast",
                             "pull"], capture_output=True, text=True, check=False)
    tell(pulled.returncode == 0 and pulled.stderr == "", "a pull as the timer's user goes through", pulled.stderr)
    same = subprocess.run(["diff", "-r", str(machine.work / "cloud/my-backups"), "/mnt/backup/site/archives"],
                          capture_output=True, text=True, check=False)
    tell(same.returncode == 0, "and the disk has what the bucket has", same.stdout)


def secrets_stay_secret(machine, seen):
    noted = machine.noted.read_text()
    tell("chgrp -- holdfast" in noted, "what was run was noted")
    for secret in (SECRET, PASSWORD):
        tell(secret not in seen, "a secret is not shown")
        tell(secret not in noted, "nor is it in the arguments or the environment of what is run")


def let_a_unit_run(machine, prefix):
    """What systemd-run starts is run as its user; `systemctl cat` says what the unit is."""
    os.rename("/usr/local/sbin/systemctl", "/usr/local/sbin/systemctl-told")
    machine.stub("systemctl", f"""[[ $1 != cat ]] || exec cat {prefix}/lib/systemd/system/holdfast.service
exec systemctl-told "$@\"""")
    machine.stub("systemd-run", f"""{{ printf 'systemd-run'; printf ' <%s>' "$@"; echo; }} >>{machine.told}
while [[ $1 != -- ]]; do shift; done
exec setpriv --reuid holdfast --regid holdfast --init-groups --no-new-privs "$@\"""")


def the_test_mail_goes_as_an_alarm(machine):
    line = next((line for line in machine.told.read_text().splitlines() if line.startswith("systemd-run ")), "")
    wanted = ["<User=holdfast>", "<NoNewPrivileges=yes>", "<SystemCallFilter=@system-service seccomp>",
              "<SystemCallFilter=~@privileged>", "<ProtectSystem=strict>", "<CapabilityBoundingSet=>"]
    tell(all(word in line for word in wanted), "the test mail goes with the limits of the unit", line)
    hook = next((line for line in CONFIG.read_text().splitlines() if line.startswith("on_alarm = ")), "")
    tell(f"<{hook.removeprefix('on_alarm = ')}>" in line, "and by the command of on_alarm", line)
    tell("\non_failure = " in CONFIG.read_text(), "and pulls that fail are to be mailed too")


def mail_arrives(mail):
    tell(owner_and_mode(MSMTPRC) == "640 root holdfast", "the mailbox's password is for root and the group only")
    tell(pathlib.Path("/etc/aliases").read_text() == "postmaster: root\nroot: me@example.org\n",
         "root's mail goes to the address")
    tell([to for to, text in mail.mails if "Subject: holdfast: a test" in text] == [["me@example.org"]],
         "the test mail arrives, sent as the unit's user without new privileges", mail.mails)
    line = next((line for line in CONFIG.read_text().splitlines() if line.startswith("on_alarm = ")), "")
    hook = line.removeprefix("on_alarm = ")
    environment = {"HOLDFAST_ALARM_KIND": "stale", "HOLDFAST_ALARM_SOURCE": "site", "PATH": "/usr/sbin:/usr/bin:/bin",
                   "HOLDFAST_ALARM_MESSAGE": "nothing new came", "HOME": "/var/lib/holdfast"}
    subprocess.run(["setpriv", "--reuid", "holdfast", "--regid", "holdfast", "--init-groups", "--no-new-privs",
                    "/bin/sh", "-c", hook], env=environment, check=False)
    end = time.monotonic() + 10
    while time.monotonic() < end and len(mail.mails) < 2:
        time.sleep(0.1)
    tell(any("Subject: holdfast: stale of site" in text and "nothing new came" in text for _, text in mail.mails[1:]),
         "an alarm arrives, by the on_alarm that was written", (hook, mail.mails))


def again_changes_nothing(machine):
    before = files_of("/etc")
    at = machine.start()
    at.answer("Add another one (y/n) [n]", "")
    at.expect("in all: 0 archives to fetch")
    at.answer("Which [1]", "")
    at.answer("Address (Enter: none)", "")
    tell(at.end_after_ping() == 0 and files_of("/etc") == before, "once more, with Enter to all, it changes nothing", at.seen)


def cron_in_the_stead_of_the_timer(machine, prefix):
    at = machine.start()
    at.answer("Add another one", "")
    at.answer("Which [1]", "2")
    at.answer("Address", "")
    at.end_after_ping()
    cron = pathlib.Path("/etc/cron.d/holdfast")
    example = prefix / "share/doc/holdfast/examples/holdfast.cron"
    tell(cron.read_text() == example.read_text(), "the line of cron is the one of the example")
    tell("systemctl disable --now holdfast.timer" in machine.told.read_text(), "cron takes the place of the timer")
    at = machine.start()
    at.answer("Add another one", "")
    at.answer("Which [2]", "1")
    at.answer("Address", "")
    at.end_after_ping()
    tell(not cron.exists(), "and the timer that of cron")


def another_bucket_with_another_key(machine):
    at = machine.start()
    at.answer("Add another one", "y")
    at.answer("A name for it", "site")
    at.answer("A name for it", "nas")
    at.answer("Where is the bucket", "11")
    at.answer("Endpoint", "http://192.0.2.1:9000")
    at.answer("Is that what you want", "n")
    at.answer("Endpoint", machine.url)
    at.answer("Region", "")
    at.answer("Bucket", "my-backups")
    at.answer("Only what begins with", "db/")
    at.answer("open this bucket too", "n")
    at.answer("Access key id", "AKIAEXAMPLE")
    at.answer("Secret access key", SECRET)
    at.expect("nas: can be read, as db/a.sql.gz was")
    at.answer("Which [1]", "")
    at.answer("Address", "")
    tell(at.end_after_ping("https://ping.example/x") == 0, "another bucket can be added", at.seen)
    text = CONFIG.read_text()
    tell(("\nping_url = https://ping.example/x\n" in text) == at.asked_for_url,
         "and a URL that is pinged, where this holdfast has that key", text)
    tell("prefix = db/\n" in text and "profile = nas\n" in text and "allow_http" not in text,
         "with a prefix and a key of its own", text)
    tell(KEYS.read_text().count("aws_secret_access_key") == 2 and KEYS.read_text().startswith("[default]\n"),
         "and the first key stays")


def start_mail(work):
    try:
        if not os.path.realpath("/usr/sbin/sendmail").endswith("/msmtp") or not os.path.exists("/usr/bin/mail"):
            raise ImportError("msmtp")
        return MailServer(work)
    except ImportError:
        print("SKIPPED mail: msmtp-mta, bsd-mailx or python3-aiosmtpd is not installed")
        return None


def main():
    prefix, fake_s3 = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
    if os.geteuid() != 0:
        print("SKIPPED holdfast-setup is tried by root only")
        return 0
    if os.environ.get("IN_NAMESPACE") != "yes":
        os.environ["IN_NAMESPACE"] = "yes"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    machine = Machine(prefix, fake_s3)
    let_a_unit_run(machine, prefix)
    mail = start_mail(machine.work)
    try:
        the_endpoints_are_those_of_the_guide(prefix)
        nothing_is_erased_without_its_name(machine)
        a_part_of_the_system_disk_is_left_alone(machine)
        no_disk_is_asked_for_where_none_is_required(machine)
        the_drop_in_of_an_odd_place_is_right(prefix)
        a_usb_disk_is_formatted_for_its_serial_number(machine)
        an_interruption_leaves_nothing_half(machine)
        seen = it_goes_on_from_there(machine, mail)
        what_it_left_is_right(machine, prefix)
        if mail:
            mail_arrives(mail)
            the_test_mail_goes_as_an_alarm(machine)
        secrets_stay_secret(machine, seen)
        again_changes_nothing(machine)
        an_older_drop_in_is_mended(machine)
        a_disk_of_another_machine_is_given_to_this_one(machine)
        cron_in_the_stead_of_the_timer(machine, prefix)
        another_bucket_with_another_key(machine)
    except AssertionError as error:
        tell(False, "the questions come as a person expects them", error)
    finally:
        machine.clean_up()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
