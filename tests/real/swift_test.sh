#!/bin/bash
# swift_test.sh HOLDFAST: 2,500 archives out of OpenStack Swift by its s3api, versions included, and
# what was put by Swift's own API: a static and a dynamic large object.
set -euo pipefail
shopt -s inherit_errexit
holdfast=$(realpath "${1:?usage: swift_test.sh HOLDFAST}")
# shellcheck source=tests/real/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/real/many.sh
source "$real/many.sh"

reader=test:reader:readersecret
owner=test:owner:ownersecret

refused_to_reader() {  # refused_to_reader METHOD TARGET
  local answer
  if answer=$(as_reader "$@" 2>&1 </dev/null); then return 1; fi
  [[ $answer == *" 403 "*AccessDenied* ]] || { echo "$answer"; return 1; }
}

# What is bigger than Swift's files may be is put in segments, and a manifest that leads to them. A static
# one names them; the ETag of what was not put by S3 ends in "-N", and says nothing of the content. A
# dynamic one names their prefix, and is listed as what it is itself: nothing.
put_large_objects() {
  local kind part
  for part in 1 2; do head -c 6000000 /dev/urandom >"$work/$part"; done
  for kind in static dynamic; do
    for part in 1 2; do "$real/swift.sh" put "$work/swift" "segments/$kind/$part" "$work/$part"; done
  done
  echo '[{"path": "/segments/static/1"}, {"path": "/segments/static/2"}]' >"$work/manifest"
  "$real/swift.sh" put "$work/swift" 'large/static.tar?multipart-manifest=put' "$work/manifest"
  "$real/swift.sh" put "$work/swift" large/dynamic.tar /dev/null 'X-Object-Manifest: segments/dynamic/'
  echo small | as_user "$owner" PUT /large/small.tar -
}

pulled_large_objects() {  # pulled_large_objects VERSIONS
  local who="Swift's large objects, versions = $1" bytes
  conf=$work/$1-large.conf disk=$work/$1-large
  mkdir "$disk"
  "$holdfast" init "$disk" >/dev/null 2>&1
  start_proxy "$url"
  write_config "$conf" "$disk" "$proxy" large "versions = $1"
  many_agent pull
  check "$who: a static one is here, byte for byte" \
    cmp <(cat "$work/1" "$work/2") "$disk/site/archives/static.tar"
  check "$who: proven by its size, as nothing better is told" \
    same "$(many_report 'sorted(site["verified_by"].items())')" "[('etag-md5', 1), ('size', 1)]"
  check "$who: a dynamic one is not what was listed, and not kept" \
    same "$(find "$disk/site" -name 'dynamic*')" ''
  check "$who: which is told, and the exit status is 2" told_of_dynamic
  read -r _ bytes < <(ask_proxy COUNT)
  many_agent pull
  check "$who: it is not ok the next time either" same "$status" 1
  check "$who: but not fetched again so soon" \
    test "$(ask_proxy COUNT | cut -d ' ' -f 2)" -lt $((bytes + 100000))
}
told_of_dynamic() {
  [[ $status == 2 ]] && grep -q 'dynamic.tar: what arrived does not match what the bucket promised' "$said"
}

start_server "$work/swift" swift.sh
for bucket in segments large; do "$real/swift.sh" bucket "$work/swift" "$bucket"; done
"$real/swift.sh" bucket "$work/swift" many versioned
# Swift keeps a version's key some four times in the attributes of its file, for which ext4 has 4 KiB.
seed_many "$owner" many 500
check 'the key that holdfast gets is refused to write' refused_to_reader PUT /many/planted
check 'the key that holdfast gets is refused to delete' refused_to_reader DELETE /many/a
for versions in current all; do pulled_many Swift many "$versions"; done
put_large_objects
for versions in current all; do pulled_large_objects "$versions"; done

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
