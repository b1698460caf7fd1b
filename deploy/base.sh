#!/bin/sh
# A copy of the whole database server in $ARCHIVE, from which deploy/rewind.sh goes to any later moment: once a week.
# The two newest stay, and the log since the older of them; what is older goes.
set -eu
cd "$ARCHIVE"
base=base-$(date -u +%Y%m%dT%H%M%SZ)
rm -rf base-*.unfinished
pg_basebackup --username "${POSTGRES_USER:-postgres}" --pgdata "$base.unfinished" --format tar --gzip --checkpoint fast
pg_verifybackup --quiet --no-parse-wal "$base.unfinished"
mv "$base.unfinished" "$base"
find . -maxdepth 1 -name 'base-*Z' | sort | head -n -2 | xargs -r rm -r
oldest=$(find . -maxdepth 1 -name 'base-*Z' | sort | head -n 1)
pg_archivecleanup . "$(tar -xzOf "$oldest/base.tar.gz" backup_label | sed -n 's/^START WAL LOCATION: .* (file \(.*\))$/\1/p')"
echo "$ARCHIVE/$base is whole. Copy $ARCHIVE to storage of somebody else's."
