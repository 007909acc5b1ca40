#!/bin/bash
# guard_test.sh HOLDFAST: policy, audit and doctor against a real server. With exactly the policy that
# is printed a pull works, and with any one action taken out of it something names that action; the
# leash is proven for a reader's key and refuted for the owner's, and neither changes anything.
set -euo pipefail
shopt -s inherit_errexit
holdfast=$(realpath "${1:?usage: guard_test.sh HOLDFAST}")
# shellcheck source=tests/real/lib.sh
source "$(dirname "$0")/lib.sh"

owner=OWNERKEY:ownersecret
versioned() {  # versioned BUCKET STATUS
  as_owner PUT "/$1?versioning" - <<XML
<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Status>$2</Status>
</VersioningConfiguration>
XML
}
put() { as_owner PUT "$1" - <<<"$2"; }  # put TARGET CONTENT
set_up() {  # set_up NAME BUCKET [LINE...]: its own disk and configuration, in $disk and $conf
  conf=$work/$1.conf disk=$work/$1
  mkdir -p "$disk"
  "$holdfast" init "$disk" >/dev/null 2>&1 || true
  write_config "$conf" "$disk" "$url" "${@:2}"
}
agent() {  # agent ARGUMENT...: runs holdfast off a terminal, sets $status and $said
  status=0 said=$work/said
  "$holdfast" --config "$conf" "$@" >"$said" 2>&1 </dev/null || status=$?
}
ended_with() { [[ $status == "$1" ]] || { echo "exit status $status, not $1"; cat "$said"; return 1; }; }
says() { grep -qF -- "$1" "$said" || { echo "'$1' is not said in:"; cat "$said"; return 1; }; }
attach() {  # attach USER FILE: a policy of the user itself, as on AWS
  local document
  document=$(python3 -c '
import sys, urllib.parse
print(urllib.parse.quote(open(sys.argv[1]).read(), safe=""))' "$2")
  as_owner POST "/?Action=PutUserPolicy&UserName=$1&PolicyName=holdfast&PolicyDocument=$document" \
    >/dev/null
}
actions_of() {  # actions_of FILE
  python3 -c '
import json, sys
for s in json.load(open(sys.argv[1]))["Statement"]:
    a = s["Action"]
    print(*([a] if isinstance(a, str) else a), sep="\n")' "$1"
}
without() {  # without FILE ACTION: the policy less that action
  python3 -c '
import json, sys
p = json.load(open(sys.argv[1])); gone = sys.argv[2]; kept = []
for s in p["Statement"]:
    a = s["Action"]; a = [a] if isinstance(a, str) else a
    s["Action"] = [x for x in a if x != gone]
    if s["Action"]: kept.append(s)
p["Statement"] = kept
print(json.dumps(p))' "$1" "$2"
}
finding() {  # finding NAME: what the last audit --json judged
  python3 -c '
import json, sys
for line in open(sys.argv[1]):
    if line.startswith("{"):
        for f in json.loads(line)["findings"]:
            if f["name"] == sys.argv[2]: print(f["judgement"])' "$said" "$1"
}
judged() { same "$(finding "$1")" "$2" || { cat "$said"; return 1; }; }  # judged NAME JUDGEMENT

exact_policy() {  # exact_policy NAME KEY [LINE...]: of the source that these lines make
  local name=$1 action
  reader=$2
  set_up "$name" "policy-$name" "${@:3}"
  "$holdfast" --config "$conf" policy site >"$work/$name.json"
  attach "$name" "$work/$name.json"
  agent pull
  check "policy, $name: with exactly this policy a pull works" ended_with 0
  check "policy, $name: and takes all there is" test -e "$disk/site/archives/web1/a.tar"
  agent doctor
  check "policy, $name: doctor finds every permission" grep -q '^ok *site get' "$said"
  while read -r action; do
    without "$work/$name.json" "$action" >"$work/less.json"
    attach "$name" "$work/less.json"
    set_up "$name-less-${action#*:}" "policy-$name" "${@:3}"
    agent pull
    if [[ $status != 0 ]]; then
      check "policy, $name: without $action a pull fails, and names it" says "$action"
    else
      agent doctor site
      check "policy, $name: without $action doctor names it" says "$action"
    fi
  done < <(actions_of "$work/$name.json")
}
policies() {
  local bucket
  for bucket in policy-current policy-all policy-prefix; do
    as_owner PUT "/$bucket"
    if [[ $bucket == policy-all ]]; then versioned "$bucket" Enabled; fi
    put "/$bucket/web1/a.tar" first
    put "/$bucket/web1/b.tar" content
    put "/$bucket/web2/c.tar" "another server's"
  done
  put /policy-all/web1/a.tar second
  for bucket in current all prefix; do
    "$real/ceph.sh" user "$ceph" "$bucket" "POLICY${bucket^^}" secret
  done
  exact_policy current POLICYCURRENT:secret
  exact_policy all POLICYALL:secret 'versions = all'
  exact_policy prefix POLICYPREFIX:secret 'prefix = web1/'
  attach prefix "$work/prefix.json"
  check "policy, prefix: another server's archives are refused" \
    refused_to POLICYPREFIX:secret GET /policy-prefix/web2/c.tar
  check 'policy, prefix: and so is a listing of all' refused_to POLICYPREFIX:secret GET /policy-prefix
}
refused_to() {  # refused_to USER METHOD TARGET
  local answer
  if answer=$(as_user "$@" 2>&1 </dev/null); then
    echo "was not refused: $answer"
    return 1
  fi
  [[ $answer == *" 403 "*AccessDenied* ]] || { echo "$answer"; return 1; }
}
bucket_policy() {  # of holdfast's key with the posture reads, and of the server's, in one
  as_owner PUT /shared
  versioned shared Enabled
  put /shared/web1/a.tar first
  "$real/ceph.sh" user "$ceph" shared SHAREDKEY secret
  reader=SHAREDKEY:secret
  set_up shared shared 'prefix = web1/'
  "$holdfast" --config "$conf" policy site --bucket-policy --posture \
    --principal arn:aws:iam:::user/shared >"$work/shared.json"
  check 'policy: Ceph takes it as a bucket policy, with the posture reads' \
    as_owner PUT '/shared?policy' "$work/shared.json"
  agent pull
  check 'policy: with it a pull works' ended_with 0
  agent audit --json
  check 'audit: with the posture reads the versioning is known' judged versioning good
  check 'audit: and the lifecycle' judged lifecycle good
  check 'audit: and the ACL' judged acl good
  "$holdfast" --config "$conf" policy site --bucket-policy --uploader \
    --principal arn:aws:iam:::user/shared >"$work/uploader.json"
  check "policy: Ceph takes the uploader's too" as_owner PUT '/shared?policy' "$work/uploader.json"
  check 'policy: with it the server may put' \
    as_user "$reader" PUT /shared/web1/new.tar /dev/null
  check 'policy: and not read' refused_to "$reader" GET /shared/web1/a.tar
  check 'policy: nor put elsewhere' refused_to "$reader" PUT /shared/web2/new.tar
}

no_upload_in() { ! as_owner GET "$1?uploads" | grep -q '<UploadId>'; }
leash() {
  local before after
  "$real/ceph.sh" bucket "$ceph" leash versioned
  put /leash/a.tar first
  put /leash/a.tar second
  put /leash/b.tar content
  as_owner DELETE /leash/b.tar
  before=$(as_owner VERSIONS /leash)
  reader=READERKEY:readersecret
  set_up leash leash
  agent pull
  agent audit --json
  check "leash: a reader's write is refused" judged write good
  check "leash: and its delete" judged delete good
  check 'leash: nobody may read without a key' judged public-get good
  check 'leash: nor list' judged public-list good
  check 'leash: what may not be read is unknown' judged lifecycle unknown
  after=$(as_owner VERSIONS /leash)
  check 'leash: nothing was changed by it' same "$after" "$before"

  reader=$owner
  write_config "$conf" "$disk" "$url" leash
  agent audit --json
  check "leash: the owner's audit ends with 1" ended_with 1
  check "leash: the owner's write is not refused" judged write bad
  check "leash: nor its delete" judged delete bad
  check "leash: and it is told" says 'can harm the bucket'
  after=$(as_owner VERSIONS /leash)
  check 'leash: all versions are as before' same "$after" "$before"
  check 'leash: no upload is left' no_upload_in /leash
  agent pull
  check "leash: the next pull ends with 1 for the alarm 'writable'" ended_with 1
  reader=READERKEY:readersecret
  write_config "$conf" "$disk" "$url" leash
  agent audit --json
  agent pull
  check 'leash: with the right key the alarm is over' ended_with 0
}

bucket_settings() {
  local digest
  reader=$owner
  as_owner PUT /plain
  put /plain/a.tar content
  set_up plain plain
  agent audit --json
  check 'audit: no versioning is found' judged versioning bad
  check 'audit: no public access block is found' judged public-access-block bad
  check 'audit: no rule is found to delete' judged lifecycle good
  as_owner PUT '/plain?publicAccessBlock' - <<XML
<PublicAccessBlockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <IgnorePublicAcls>true</IgnorePublicAcls>
</PublicAccessBlockConfiguration>
XML
  agent audit --json
  check 'audit: one that ignores public ACLs is good, which is what Ceph does right' \
    judged public-access-block good
  as_owner PUT '/plain?policy' - <<JSON
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
  "Action": "s3:GetObject", "Resource": "arn:aws:s3:::plain/*"}]}
JSON
  agent audit --json
  check 'audit: a policy that opens the bucket is found' judged policy-status bad
  check 'audit: and the archive that anybody may get by it' judged public-get bad
  check 'audit: but not list' judged public-list good
  as_owner DELETE '/plain?policy'
  versioned plain Suspended
  agent audit --json
  check 'audit: suspended versioning is found' judged versioning bad
  echo '<LifecycleConfiguration><Rule><ID>soon</ID><Prefix></Prefix><Status>Enabled</Status>' \
    '<Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>' >"$work/lifecycle"
  digest=$(openssl md5 -binary "$work/lifecycle" | base64)
  as_owner PUT '/plain?lifecycle' "$work/lifecycle" "content-md5:$digest"
  agent audit --json
  check 'audit: a lifecycle that deletes soon is found' judged lifecycle bad
  check "audit: and is the alarm 'expiring', as it was not there before" says 'was not there before'

  as_owner PUT /open
  put /open/a.tar content
  as_owner PUT '/open?acl' x-amz-acl:public-read
  as_owner PUT '/open/a.tar?acl' x-amz-acl:public-read
  set_up open open
  agent audit --json
  check 'audit: a bucket that anybody may list is found' judged public-list bad
  check 'audit: and an archive that anybody may get' judged public-get bad
  check 'audit: and the ACL that does it' judged acl bad
}

ceph=$work/ceph
start_server "$ceph"
policies
bucket_policy
leash
bucket_settings
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
