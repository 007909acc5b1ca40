#!/bin/bash
# advice_test.sh HOLDFAST: the set-ups that owners of backups are advised to use, each built with
# the policies of deploy/iam/, then attacked with the key that a cracked server would give away.
set -euo pipefail
shopt -s inherit_errexit
holdfast=$(realpath "${1:?usage: advice_test.sh HOLDFAST}")
# shellcheck source=tests/real/lib.sh
source "$(dirname "$0")/lib.sh"
iam=$real/../../deploy/iam

# ---- the owner's side

policy() {  # policy FILE NAME=VALUE...: one of deploy/iam's, with its names filled in
  local pair script=()
  for pair in "${@:2}"; do script+=(-e "s/\b${pair%%=*}\b/${pair#*=}/g"); done
  sed "${script[@]}" "$iam/$1"
}
# Of the public access block only what Ceph 16 does right: under BlockPublicAcls it refuses every
# PUT, and under BlockPublicPolicy every policy that allows anything.
make_bucket() {  # make_bucket OWNER BUCKET: versioned, and nothing in it is public
  as_user "$1" PUT "/$2"
  as_user "$1" PUT "/$2?versioning" - <<XML
<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Status>Enabled</Status>
</VersioningConfiguration>
XML
  as_user "$1" PUT "/$2?publicAccessBlock" - <<XML
<PublicAccessBlockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <IgnorePublicAcls>true</IgnorePublicAcls>
</PublicAccessBlockConfiguration>
XML
}
set_policy() {  # set_policy OWNER BUCKET FILE NAME=VALUE...
  policy "$3" BUCKET="$2" "${@:4}" | as_user "$1" PUT "/$2?policy" -
}
attach_policy() {  # attach_policy USER FILE NAME=VALUE...: to the user itself, as AWS does
  local document
  document=$(policy "${@:2}" | python3 -c '
import sys, urllib.parse
print(urllib.parse.quote(sys.stdin.read(), safe=""))')
  as_owner POST "/?Action=PutUserPolicy&UserName=$1&PolicyName=holdfast&PolicyDocument=$document"
}
put() { as_user "$1" PUT "$2" - <<<"$3"; }  # put USER TARGET CONTENT
id_of_first() {  # id_of_first OWNER BUCKET KEY: of its oldest version
  as_user "$1" VERSIONS "/$2" | awk -v key="$3" '$1 == key { id = $2 } END { print id }'
}

# ---- the attacker's side

refused_to() {  # refused_to USER METHOD TARGET [BODY_FILE] [HEADER...]: 403, and for that reason
  local answer
  if answer=$(as_user "$@" 2>&1 </dev/null); then
    echo "was not refused: $answer"
    return 1
  fi
  [[ $answer == *" 403 "*AccessDenied* ]] || { echo "$answer"; return 1; }
}
cannot_delete_many() {  # cannot_delete_many USER TARGET KEY ID: of a bucket, in one request
  local body=$work/delete.xml
  echo "<Delete><Object><Key>$3</Key><VersionId>$4</VersionId></Object>" \
    "<Object><Key>$3</Key></Object></Delete>" >"$body"
  refused_to "$1" POST "$2?delete" "$body" "content-md5:$(openssl md5 -binary "$body" | base64)"
}
cannot_expire() {  # cannot_expire USER TARGET
  local body=$work/lifecycle.xml
  echo '<LifecycleConfiguration><Rule><ID>a</ID><Prefix></Prefix><Status>Enabled</Status>' \
    '<Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>' >"$body"
  refused_to "$1" PUT "$2?lifecycle" "$body" "content-md5:$(openssl md5 -binary "$body" | base64)"
}
cannot_destroy() {  # cannot_destroy WHO USER TARGET KEY ID: nor take its protection away
  local who=$1 user=$2 bucket=$3 key=$4 id=$5
  echo '{"Version": "2012-10-17", "Statement": []}' >"$work/policy.json"
  echo '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>' \
    >"$work/suspended.xml"
  echo '<Tagging><TagSet><Tag><Key>expire</Key><Value>yes</Value></Tag></TagSet></Tagging>' \
    >"$work/tags.xml"
  check "$who cannot delete an archive" refused_to "$user" DELETE "$bucket/$key"
  check "$who cannot delete a version" refused_to "$user" DELETE "$bucket/$key?versionId=$id"
  check "$who cannot delete many at once" cannot_delete_many "$user" "$bucket" "$key" "$id"
  check "$who cannot delete the bucket" refused_to "$user" DELETE "$bucket"
  check "$who cannot change the policy" refused_to "$user" PUT "$bucket?policy" "$work/policy.json"
  check "$who cannot delete the policy" refused_to "$user" DELETE "$bucket?policy"
  check "$who cannot suspend versioning" \
    refused_to "$user" PUT "$bucket?versioning" "$work/suspended.xml"
  check "$who cannot let archives expire" cannot_expire "$user" "$bucket"
  check "$who cannot tag an archive, for a lifecycle rule to find" \
    refused_to "$user" PUT "$bucket/$key?tagging" "$work/tags.xml"
  check "$who cannot make the bucket public" \
    refused_to "$user" PUT "$bucket?acl" x-amz-acl:public-read-write
  check "$who cannot make an archive public" \
    refused_to "$user" PUT "$bucket/$key?acl" x-amz-acl:public-read
}
stays_private() {  # stays_private USER TARGET: whatever ACL it is put with
  as_user "$1" PUT "$2" /dev/null x-amz-acl:public-read
  same "$(curl -s -o /dev/null -w '%{http_code}' "$url$2")" 403
}
cannot_read() {  # cannot_read WHO USER TARGET KEY ID
  check "$1 cannot read an archive, not even one of its own" refused_to "$2" GET "$3/$4"
  check "$1 cannot read an earlier version" refused_to "$2" GET "$3/$4?versionId=$5"
  as_user "$2" PUT "/loot-${3//[^a-z]/}"
  check "$1 cannot copy an archive into a bucket of its own" \
    refused_to "$2" PUT "/loot-${3//[^a-z]/}/a" "x-amz-copy-source:$3/$4"
}
can_only_read() {  # can_only_read SET-UP BUCKET KEY ID: holdfast's key
  local who="$1: holdfast's key"
  check "$who can list versions" as_reader VERSIONS "/$2"
  check "$who can read what another user put" as_reader GET "/$2/$3"
  check "$who can read a version of it" as_reader GET "/$2/$3?versionId=$4"
  check "$who cannot write" refused_to "$reader" PUT "/$2/planted" /dev/null
  check "$who cannot overwrite" refused_to "$reader" PUT "/$2/$3" /dev/null
  cannot_destroy "$who" "$reader" "/$2" "$3" "$4"
}

# ---- holdfast's side

set_up() {  # set_up NAME BUCKET [LINE...]: its own disk and configuration, in $disk and $conf
  conf=$work/$1.conf disk=$work/$1
  mkdir "$disk"
  "$holdfast" init "$disk" >/dev/null 2>&1
  write_config "$conf" "$disk" "$url" "${@:2}"
}
agent() {  # agent ARGUMENT...: runs holdfast off a terminal, sets $status and $said
  status=0 said=$work/said
  "$holdfast" --config "$conf" "$@" >"$said" 2>&1 </dev/null || status=$?
}
pull_gives() {  # pull_gives STATUS SENTENCE
  agent pull
  check "$2" ended_with "$1"
}
ended_with() {  # ended_with STATUS
  [[ $status == "$1" ]] || { echo "exit status $status, not $1"; cat "$said"; return 1; }
}
report() {  # report EXPRESSION: of the status file (s) and its first source (site), in Python
  python3 -c '
import json, sys
s = json.load(open(sys.argv[1])); site = s["sources"][0]
print(eval(sys.argv[2]))' "$conf.status.json" "$1" 2>&1 || true
}
alarms() { report '[(a["kind"], a["key"]) for a in site["alarms"]]'; }
alarm_ids() { report '[a["id"] for a in site["alarms"]]'; }
is_held() { same "$(cat "$disk/site/archives/$1" 2>&1)" "$2"; }  # is_held KEY CONTENT
beside() {  # beside KEY superseded|quarantine...: the contents held there, sorted, on one line
  local kind
  for kind in "${@:2}"; do
    find "$disk/site/$kind/$1" -type f -exec cat {} + 2>/dev/null || true
  done | sort -u | paste -sd ' '
}
well_named() {  # well_named KEY: every generation beside the archive is WHEN-ID, by its own content
  local file found=no
  while read -r file; do
    found=yes
    [[ $(basename "$file") =~ ^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$ ]] || { echo "$file"; return 1; }
    same "${file##*-}" "$(sha256sum <"$file" | cut -c -8)" || return 1
  done < <(find "$disk/site/superseded/$1" "$disk/site/quarantine/$1" -type f 2>/dev/null)
  same "$found" yes
}
sums_pass() { (cd "$disk/site" && sha256sum -c --quiet SHA256SUMS); }

# ---- the set-ups

write_only_key() {  # write_only_key NAME BUCKET UPLOADER: once its policies are in place
  local name=$1 bucket=$2 uploader=$3 key=web1/site.tar id cracked="$1: a cracked server"
  check "$name: it may put archives under its prefix" put "$uploader" "/$bucket/$key" first
  check "$name: in parts too" put_in_parts "$uploader" "/$bucket/web1/parts.tar" 'in parts'
  check "$name: holdfast, which may only read, pulls them" pulled "$name" "$bucket"
  check "$name: and holds the one that was put" is_held "$key" first
  check "$name: and the one put in parts" is_held web1/parts.tar 'in parts'
  id=$(id_of_first OWNERKEY:ownersecret "$bucket" "$key")
  check "$cracked cannot put under another server's prefix" \
    refused_to "$uploader" PUT "/$bucket/web2/site.tar" /dev/null
  check "$cracked cannot list" refused_to "$uploader" GET "/$bucket"
  check "$cracked cannot list versions" refused_to "$uploader" VERSIONS "/$bucket"
  check "$cracked cannot put anything that the world can read" \
    stays_private "$uploader" "/$bucket/web1/public"
  cannot_read "$cracked" "$uploader" "/$bucket" "$key" "$id"
  cannot_destroy "$cracked" "$uploader" "/$bucket" "$key" "$id"
  can_only_read "$name" "$bucket" "$key" "$id"
  check "$cracked can overwrite" put "$uploader" "/$bucket/$key" encrypted
  pull_gives 1 "$name: the next pull says so with exit status 1"
  check "$name: with the alarm 'changed'" same "$(alarms)" "[('changed', '$key')]"
  check "$name: and a line for the mail that cron sends" grep -q "site.*$key" "$said"
  check "$name: the first content is still the one held" is_held "$key" first
  check "$name: what replaced it is in quarantine" same "$(beside "$key" quarantine)" encrypted
  check "$name: under its time and digest" well_named "$key"
}
put_in_parts() {  # put_in_parts USER TARGET CONTENT
  local id etag
  id=$(as_user "$1" POST "$2?uploads" | sed -n 's|.*<UploadId>\(.*\)</UploadId>.*|\1|p')
  put "$1" "$2?partNumber=1&uploadId=$id" "$3"
  etag=$(openssl md5 -r <<<"$3" | cut -c -32)
  as_user "$1" POST "$2?uploadId=$id" - <<XML
<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"$etag"</ETag></Part>
</CompleteMultipartUpload>
XML
}
pulled() {  # pulled NAME BUCKET [LINE...]: a first pull, clean and silent
  set_up "$@" || return 1
  agent pull
  ended_with 0 && same "$(cat "$said")" ''
}

write_only_key_on_ceph() {
  local id
  "$real/ceph.sh" user "$ceph" web1 WEB1KEY web1secret
  "$real/ceph.sh" user "$ceph" home HOMEKEY homesecret
  make_bucket OWNERKEY:ownersecret backups
  set_policy OWNERKEY:ownersecret backups ceph/bucket.json \
    TENANT_A= OWNER=owner UPLOADER=web1 READER=home PREFIX=web1
  reader=HOMEKEY:homesecret
  write_only_key 'bucket policy' backups WEB1KEY:web1secret
  id=$(id_of_first OWNERKEY:ownersecret backups web1/site.tar)
  check 'bucket policy: the owner can restore what another user put' \
    as_owner PUT /backups/web1/site.tar "x-amz-copy-source:/backups/web1/site.tar?versionId=$id"
}

write_only_key_as_on_aws() {
  "$real/ceph.sh" user "$ceph" web1-aws WEB1AWSKEY web1secret
  "$real/ceph.sh" user "$ceph" home-aws HOMEAWSKEY homesecret
  make_bucket OWNERKEY:ownersecret backups-aws
  attach_policy web1-aws aws/uploader.json BUCKET=backups-aws PREFIX=web1 >/dev/null
  attach_policy home-aws aws/reader.json BUCKET=backups-aws >/dev/null
  reader=HOMEAWSKEY:homesecret
  write_only_key 'user policies' backups-aws WEB1AWSKEY:web1secret
}

# Account A is the tenant vault, with the bucket's keeper and holdfast; account B is the tenant
# prod, with the application, which names the bucket vault:NAME.
keeper=KEEPERKEY:keepersecret app=APPKEY:appsecret

two_accounts() {
  "$real/ceph.sh" user "$ceph" keeper KEEPERKEY keepersecret vault
  "$real/ceph.sh" user "$ceph" holdfast VAULTKEY vaultsecret vault
  "$real/ceph.sh" user "$ceph" app APPKEY appsecret prod
  reader=VAULTKEY:vaultsecret
}

immutable_bucket() {
  local bucket=/vault%3Aimmutable who='immutable bucket: the other account' content id ids
  make_bucket "$keeper" immutable
  set_policy "$keeper" immutable ceph/immutable-bucket.json \
    TENANT_A=vault TENANT_B=prod OWNER=keeper READER=holdfast
  check "$who may put archives" put "$app" "$bucket/db.tar" first
  check "$who may list them" as_user "$app" GET "$bucket"
  check "$who may list versions" as_user "$app" VERSIONS "$bucket"
  put "$app" "$bucket/early.tar" 'the good one'
  put "$app" "$bucket/early.tar" 'overwritten before the first pull'
  check 'immutable bucket: holdfast pulls it with versions = all' \
    pulled immutable immutable 'versions = all'
  check 'immutable bucket: what was overwritten before the first pull is held' \
    grep -rqx 'the good one' "$disk/site"

  for content in second third newest; do
    check "$who can overwrite ($content)" put "$app" "$bucket/db.tar" "$content"
  done
  id=$(id_of_first "$keeper" immutable db.tar)
  cannot_destroy "$who" "$app" "$bucket" db.tar "$id"
  cannot_read "$who" "$app" "$bucket" db.tar "$id"
  can_only_read 'immutable bucket' immutable db.tar "$id"

  pull_gives 1 'immutable bucket: the next pull ends with exit status 1'
  check "immutable bucket: with the alarm 'changed', once" \
    same "$(alarms)" "[('changed', 'db.tar')]"
  check 'immutable bucket: the first content is the one held' is_held db.tar first
  check 'immutable bucket: the newest is in quarantine' \
    same "$(beside db.tar quarantine)" newest
  check 'immutable bucket: those overwritten between the pulls are held too' \
    same "$(beside db.tar superseded)" 'second third'
  check 'immutable bucket: all under their times and digests' well_named db.tar
  check 'immutable bucket: sha256sum -c SHA256SUMS passes' sums_pass
  ids=$(alarm_ids)

  check 'immutable bucket: the owner restores the first content through its version' \
    as_user "$keeper" PUT /immutable/db.tar "x-amz-copy-source:/immutable/db.tar?versionId=$id"
  pull_gives 1 'immutable bucket: until somebody acknowledges the alarm, the exit status stays 1'
  check 'immutable bucket: the restored content raises no new alarm' \
    same "$(alarms), $(alarm_ids)" "[('changed', 'db.tar')], $ids"
  check 'immutable bucket: and is the one held' is_held db.tar first
  check 'immutable bucket: and nothing is lost by it' \
    same "$(beside db.tar superseded quarantine)" 'newest second third'
  agent ack site
  check 'immutable bucket: ack ends with exit status 0' ended_with 0
  pull_gives 0 'immutable bucket: after it a pull ends with exit status 0'
}

# Object ownership is what Ceph and AWS differ in, so of the policy for AWS only what it denies and
# grants by name can be seen here.
immutable_bucket_as_on_aws() {
  local bucket=/vault%3Aimmutable-aws id
  local who='immutable bucket, the policy for AWS: the other account'
  make_bucket "$keeper" immutable-aws
  set_policy "$keeper" immutable-aws aws/immutable-bucket.json \
    ACCOUNT_A=vault ACCOUNT_B=prod READER=holdfast
  check "$who may put archives" put "$app" "$bucket/db.tar" first
  check "$who may overwrite them" put "$app" "$bucket/db.tar" second
  check "$who may list versions" as_user "$app" VERSIONS "$bucket"
  id=$(id_of_first "$keeper" immutable-aws db.tar)
  check "$who cannot delete an archive" refused_to "$app" DELETE "$bucket/db.tar"
  check "$who cannot delete a version" refused_to "$app" DELETE "$bucket/db.tar?versionId=$id"
  check "$who cannot delete many at once" cannot_delete_many "$app" "$bucket" db.tar "$id"
  check "$who cannot delete the bucket" refused_to "$app" DELETE "$bucket"
  check "$who cannot delete the policy" refused_to "$app" DELETE "$bucket?policy"
  check "immutable bucket, the policy for AWS: holdfast's key can read the first version" \
    as_reader GET "/immutable-aws/db.tar?versionId=$id"
}

replicate() {  # production to the replica, deletes as delete markers, as a replication rule does
  local key kind age here
  here=$(as_user "$keeper" VERSIONS /replica | awk '$3 == "version" && $4 == "latest" { print $1 }')
  while read -r key _ kind age; do
    if [[ $age == latest && $kind == version ]] && ! grep -qxF "$key" <<<"$here"; then
      as_owner GET "/production/$key" | as_user "$keeper" PUT "/replica/$key" -
    elif [[ $age == latest && $kind == marker ]] && grep -qxF "$key" <<<"$here"; then
      as_user "$keeper" DELETE "/replica/$key"
    fi
  done < <(as_owner VERSIONS /production)
}
all_six_are_held() {
  local number
  for number in 1 2 3 4 5 6; do is_held "db-$number.tar" "archive $number" || return 1; done
}
mirror_of_a_replica() {
  local number versions name
  make_bucket OWNERKEY:ownersecret production
  make_bucket "$keeper" replica
  set_policy "$keeper" replica ceph/replica-bucket.json TENANT_A=vault READER=holdfast
  for number in 1 2 3 4 5 6; do
    put OWNERKEY:ownersecret "/production/db-$number.tar" "archive $number"
  done
  replicate
  check 'replica: the owner of production cannot delete from it' \
    refused_to OWNERKEY:ownersecret DELETE /vault%3Areplica/db-1.tar
  can_only_read replica replica db-1.tar "$(id_of_first "$keeper" replica db-1.tar)"
  check "replica: holdfast's key can see whether versions are kept" \
    as_reader GET /replica?versioning
  for versions in current all; do
    check "replica, versions = $versions: holdfast pulls it" \
      pulled "replica-$versions" replica "versions = $versions"
    check "replica, versions = $versions: and holds every archive" all_six_are_held
  done

  as_owner DELETE /production/db-1.tar
  replicate
  for versions in current all; do
    conf=$work/replica-$versions.conf disk=$work/replica-$versions
    pull_gives 0 "replica, versions = $versions: that one archive was deleted is no alarm"
    check "replica, versions = $versions: but counted" same "$(report 'site["run"]["vanished"]')" 1
  done

  for number in 2 3 4 5 6; do as_owner DELETE "/production/db-$number.tar"; done
  replicate
  for versions in current all; do
    conf=$work/replica-$versions.conf disk=$work/replica-$versions
    name="replica, versions = $versions"
    pull_gives 1 "$name: when production was emptied, the exit status is 1"
    check "$name: with the alarm 'mass-change'" \
      same "$(report '[a["kind"] for a in site["alarms"]]')" "['mass-change']"
    check "$name: and the source on HOLD" same "$(report 'site["hold"]')" True
    check "$name: and all that vanished is held" all_six_are_held
    check "$name: and sha256sum -c SHA256SUMS passes" sums_pass
  done

  put OWNERKEY:ownersecret /production/db-7.tar 'archive 7'
  replicate
  for versions in current all; do
    conf=$work/replica-$versions.conf disk=$work/replica-$versions
    name="replica, versions = $versions"
    pull_gives 1 "$name: on HOLD the exit status stays 1"
    check "$name: and new archives still come" is_held db-7.tar 'archive 7'
    agent ack site
    check "$name: ack ends with exit status 0" ended_with 0
    pull_gives 0 "$name: and the pull after it too"
    check "$name: HOLD is over" same "$(report 'site["hold"]')" False
    check "$name: and all is still held" all_six_are_held
  done
}

ceph=$work/ceph
start_server "$ceph"
write_only_key_on_ceph
write_only_key_as_on_aws
two_accounts
immutable_bucket
immutable_bucket_as_on_aws
mirror_of_a_replica
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
