#!/bin/bash
# A restore drill for what only a key opens that is not on this machine, as it should be. It can tell that the
# archive is for the right key, and that it is at least as large as it should be. It cannot tell what is in it, nor that its
# end is there: try that once in a while where the key is.
#   command = /usr/share/holdfast/drills/encrypted.sh KEY [SMALLEST]
# KEY is what the archive has to be encrypted to: of gpg the id of the subkey for encryption, 16 digits, as
# gpg --list-keys --keyid-format=long shows it; of age, which does not tell, the number of recipients, as age:1.
# SMALLEST is in bytes.
set -euo pipefail
# shellcheck source=deploy/drills/common.sh
source "$(dirname "$(realpath "$0")")/common.sh"

key=${1:?usage: encrypted.sh KEY [SMALLEST]} smallest=${2:-1}
archive=$(the_file 'the archive')
size=$(stat -c %s -- "$archive")
[[ $size -ge $smallest ]] || fail "the archive has $size bytes, and not the $smallest that it should have"
export GNUPGHOME=$HOLDFAST_DRILL_WORK

check_age() {
  local recipients
  recipients=$(sed -n '/^---/q; p' "$archive" | grep -a '^-> ' | grep -acv -e '-grease ')
  [[ $key == "age:$recipients" ]] || fail "of age the archive has this many recipients: $recipients, and not ${key#age:}"
}
check_gpg() {
  local packets
  command -v gpg >/dev/null || fail 'GnuPG is not installed: apt install gnupg'
  # It cannot decrypt, and says so.
  packets=$(gpg --batch --no-tty --list-packets "$archive" 2>&1) || true
  grep -q '^:encrypted data packet:\|^:aead encrypted packet:' <<<"$packets" ||
    fail 'the archive is not encrypted by age or gpg, or ends before what is encrypted'
  grep -qi "keyid ${key#0x}" <<<"$packets" ||
    fail "the archive is not encrypted to $key, but to $(sed -nE 's/.*keyid ([0-9A-F]+).*/\1/p' <<<"$packets" | sort -u | paste -sd ' ')"
}
if [[ $(head -c 21 "$archive" | tr -d '\0') == age-encryption.org/v1 ]]; then
  check_age
else
  check_gpg
fi
echo "encrypted to $key, $size bytes; what is in it only the key can tell"
