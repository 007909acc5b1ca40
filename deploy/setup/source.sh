# shellcheck shell=bash disable=SC2154  # holdfast-setup sets what they share
# Part of holdfast-setup: the marker, the bucket, the key, and a first look.

set_up_marker() {
  head_line '2. The marker of the disk, and the configuration'
  holdfast init "$mount_point" --write || leave 1 'The lines above say what to do; then run holdfast-setup again.'
}

# ---- the bucket ---------------------------------------------------------------------------------------

region='' endpoint='' allow_http='' ca_file='' bucket='' prefix='' profile=default

ask_region() { ask_fitting "$1" "$2" '^[a-z0-9-]+$' 'Small letters, digits and -.' && region=$answer; }
is_loopback() { [[ $1 =~ ^http://(localhost|127\.[0-9.]+|\[::1\])(:|/|$) ]]; }
ask_endpoint() {  # ask_endpoint REGION: where the person has a server, or a provider that is not listed
  while true; do
    ask_fitting 'Endpoint, such as https://HOST or https://HOST:PORT' '' '^https?://[][A-Za-z0-9.:/_-]+$' \
      'It begins with https:// and has no blanks.'
    endpoint=${answer%/}
    allow_http=''
    if [[ $endpoint == https:* ]] || is_loopback "$endpoint"; then break; fi
    say '  Without https everybody on the way can read the backups, and change them.'
    if yes_to '  Is that what you want' n; then
      allow_http=yes
      break
    fi
  done
  ask_region 'Region' "$1"
  [[ $endpoint == https:* ]] || return 0
  ask_fitting 'File with the certificate of a CA of your own (Enter: none)' '' '^(/[^ ]+)?$' 'A path, from / on.'
  ca_file=$answer
}
ask_provider() {
  local names=(AWS 'Backblaze B2' 'Cloudflare R2' Wasabi Hetzner Scaleway Storj 'Google Cloud Storage'
    MinIO Ceph 'another one')
  local i
  for i in "${!names[@]}"; do printf '  %2d) %s\n' $((i + 1)) "${names[i]}"; done
  choose 'Where is the bucket' "${#names[@]}" ''
  endpoint='' allow_http='' ca_file=''
  case $answer in
    1) ask_region 'Region' eu-central-1 ;;
    2) ask_region "Region, as in the bucket's Endpoint" eu-central-003 && endpoint=https://s3.$region.backblazeb2.com ;;
    3)
      ask_fitting "Account id, as in the bucket's S3 API URL" '' '^[0-9a-f]{32}(\.(eu|fedramp))?$' '32 of 0-9 and a-f.'
      endpoint=https://$answer.r2.cloudflarestorage.com region=auto ;;
    4) ask_region 'Region' eu-central-2 && endpoint=https://s3.$region.wasabisys.com ;;
    5) ask_region 'Location' fsn1 && endpoint=https://$region.your-objectstorage.com ;;
    6) ask_region 'Region' fr-par && endpoint=https://s3.$region.scw.cloud ;;
    7) endpoint=https://gateway.storjshare.io region=global ;;
    8) endpoint=https://storage.googleapis.com region=auto ;;
    9 | 10) ask_endpoint us-east-1 ;;
    *) ask_endpoint us-east-1 ;;
  esac
}
ask_bucket() {
  ask_provider
  ask_fitting 'Bucket' '' '^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$' 'Letters, digits, ".", "-" and "_".'
  bucket=$answer
  ask_fitting 'Only what begins with (Enter: everything)' '' '^[^ ;#]*( +[^ ;#]+)*$' \
    'No ";" or "#" here, please; the configuration would take it for a comment.'
  prefix=$answer
}

# The first without a bucket: the one of the example.
blank_source() {
  local name
  while read -r name; do
    [[ -n $(value_of "source $name" bucket) ]] || { printf '%s\n' "$name" && return; }
  done < <(sources)
}
write_source() {
  local text blank
  text=$(cat "$config")
  blank=$(blank_source)
  if [[ -n $blank && $blank != "$source_name" ]]; then
    text=$(sed -E "s/^[[:space:]]*\[source[[:space:]]+$blank\]/[source $source_name]/" <<<"$text")
  fi
  local section="source $source_name"
  text=$(with_key "$section" bucket "$bucket" <<<"$text")
  text=$(with_key "$section" region "$region" <<<"$text")
  text=$(with_key "$section" endpoint "$endpoint" <<<"$text")
  text=$(with_key "$section" prefix "$prefix" <<<"$text")
  text=$(with_key "$section" allow_http "$allow_http" <<<"$text")
  text=$(with_key "$section" ca_file "$ca_file" <<<"$text")
  text=$(with_key "$section" credentials_file "$keys" <<<"$text")
  text=$(with_key "$section" profile "${profile/#%default/}" <<<"$text")
  take_config "$text" || return 1
  did "$config has [source $source_name] now: $bucket at ${endpoint:-AWS, $region}"
}
set_up_source() {
  local filled name
  head_line '3. The bucket'
  filled=$(while read -r name; do [[ -z $(value_of "source $name" bucket) ]] || echo "$name"; done < <(sources))
  if [[ -n $filled ]]; then
    did "$config has: $(tr '\n' ' ' <<<"$filled")"
    if ! yes_to 'Add another one' n; then
      for name in $filled; do look_at "$name"; done
      return
    fi
  fi
  while true; do
    ask_fitting 'A name for it, which becomes a directory on the disk' "$([[ -n $filled ]] || echo site)" \
      '^[a-z0-9][a-z0-9_-]{0,63}$' 'Small letters, digits, "_" and "-".'
    source_name=$answer
    grep -qxF -- "$source_name" <<<"$filled" || break
    say '  There is one of this name.'
  done
  # The key first: without a bucket in the configuration it means nothing yet.
  ask_bucket
  set_up_key "$filled"
  until write_source; do ask_bucket; done
  look_at "$source_name"
}

# ---- the key ------------------------------------------------------------------------------------------

has_profile() { grep -qxF -- "[$1]" "$keys" 2>/dev/null; }
set_up_key() {  # set_up_key OTHER-SOURCES
  head_line '4. A key that may only list and get'
  profile=default
  if [[ -n $1 ]] && has_profile default; then
    if yes_to "Does the key in $keys open this bucket too" y; then return; fi
    profile=$source_name
  fi
  if has_profile "$profile" && yes_to "$keys has a key already. Keep it" y; then return; fi
  write_key
}
# Everything but the profile is kept.
write_key() {
  local id secret line inside=no
  ask_fitting 'Access key id' '' '^[[:graph:]]+$' 'It is empty, or has blanks in it.'
  id=$answer
  ask_secret 'Secret access key'
  secret=$answer answer=''
  {
    if [[ -e $keys ]]; then
      while IFS= read -r line || [[ -n $line ]]; do
        if [[ $line == \[* ]]; then
          if [[ $line == "[$profile]" ]]; then inside=yes; else inside=no; fi
        fi
        [[ $inside == yes ]] || printf '%s\n' "$line"
      done <"$keys"
    fi
    printf '[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$profile" "$id" "$secret"
  } | stage "$keys" 0640 holdfast || leave 1 "$keys cannot be written; it is as it was."
  place "$keys"
  did "$keys has it, for root and the group holdfast only"
}

# ---- the first look -----------------------------------------------------------------------------------

look_at() {  # look_at SOURCE
  local name=$1 said
  head_line "5. A first look at $name: list the bucket and read one archive"
  source_name=$name
  profile=$(value_of "source $name" profile)
  profile=${profile:-default}
  while true; do
    # A full listing may be long, and its end has what matters.
    if said=$(as_service holdfast pull --dry-run "$name"); then
      tail -n 4 <<<"$said"
      return
    fi
    say 'That did not work; the lines above say why.'
    ask_fitting 'k: give the key again, b: the bucket, a: just try again, q: leave it for now' '' '^[kbaq]$' 'k, b, a or q.'
    case $answer in
      k) write_key ;;
      b) ask_bucket; write_source || true ;;
      q) leave 1 'Nothing is scheduled yet. Run holdfast-setup again when the bucket can be reached.' ;;
    esac
  done
}
