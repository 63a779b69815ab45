#!/bin/sh
# Verifies an export of sharing evidence 存证离线验证, without a network and without the city that made it.
#
# Usage: sh verify.sh [FOLDER] [ROOTS.pem] [KEYS.json]
#                                              FOLDER: the unpacked export, by default the one this script lies in
#
# It wants OpenSSL 3 and Python 3.9 with nothing but its standard library. ROOTS.pem are the root certificates of the
# time-stamp authority that YOU trust, by default those that came with the export. KEYS.json is the key set that the
# city publishes (/api/data-hub/v1/sharing/evidence/keys), got on another way than the export: without it the keys that
# came with the export are believed. Exit 0: everything holds. 1: something was changed, 2: it could not be looked at.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here}
roots=${2:-$folder/tsa_roots.pem}
keys=${3:-}
[ -n "$keys" ] || echo "未指定公布的密钥 the keys in the export are believed: name KEYS.json to use those that are published" >&2
for program in openssl python3; do
  command -v "$program" >/dev/null || { echo "缺少 $program: it is needed and not here" >&2; exit 2; }
done
[ -f "$folder/manifest.json" ] || { echo "$folder 不是存证导出: no export of evidence" >&2; exit 2; }

status=0
python3 "$here/verify.py" "$folder" ${keys:+"$keys"} || status=$?
[ "$status" -le 1 ] || exit 2

stamped=0
for token in "$folder"/stamps/*.tst; do
  [ -f "$token" ] || continue
  root=${token%.tst}.root
  # The certificate of the authority is judged as of the time it stamped, for it may have run out since.
  when=$(openssl ts -reply -in "$token" -token_in -text 2>/dev/null | sed -n 's/^Time stamp: //p') || when=
  epoch=$(python3 "$here/verify.py" --epoch "$when" 2>/dev/null) || epoch=
  if [ -n "$epoch" ] && [ -f "$root" ] && openssl ts -verify -data "$root" -in "$token" -token_in -CAfile "$roots" \
    -attime "$epoch" >/dev/null 2>&1; then
    stamped=$((stamped + 1))
    echo "时间戳有效 stamped: $when ($(basename "$token" .tst))"
  else
    echo "时间戳无效 THE STAMP DOES NOT HOLD: $(basename "$token")" >&2
    status=1
  fi
done
echo "有效时间戳 stamps that hold: $stamped"
[ "$status" -eq 0 ] && echo "验证通过 EVERYTHING HOLDS" || echo "验证未通过 SOMETHING WAS CHANGED" >&2
exit "$status"
