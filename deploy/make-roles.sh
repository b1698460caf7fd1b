#!/bin/sh
# Run once by the postgres image on an empty volume: the database and its four roles.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v database=elinkages -v owner_password="$OWNER_PASSWORD" -v app_password="$APP_PASSWORD" \
    -v backup_password="$BACKUP_PASSWORD" \
    -f "${ROLES_SQL:-/srv/roles.sql}"
