#!/bin/sh
# Makes the folder secrets/: passwords of the broker and of the journal, the key that the journal is kept
# under, and a step.json to be filled in.
# Needs openssl. What is there already stays as it is.
set -eu
cd "$(dirname "$0")"
if [ -e secrets/users.json ]; then
    echo "secrets/ is there already; new passwords would not fit the data that exist" >&2
    exit 1
fi
# Nobody else gets into the folder. The files in it can be read by the containers' own users.
mkdir -p secrets
chmod 700 secrets

salt=$(mktemp)
trap 'rm -f "$salt"' EXIT

# RabbitMQ's form of a password: four random bytes, then the SHA-256 of these and the password.
hashed() {
    openssl rand 4 >"$salt"
    { cat "$salt" && { cat "$salt" && printf %s "$1"; } | openssl dgst -sha256 -binary; } |
        openssl base64 -A
}

worker=$(openssl rand -hex 24)
admin=$(openssl rand -hex 24)
journal=$(openssl rand -hex 24)

cat >secrets/users.json <<USERS
{
  "vhosts": [{"name": "/"}],
  "users": [
    {"name": "isendpro", "tags": [], "hashing_algorithm": "rabbit_password_hashing_sha256", "password_hash": "$(hashed "$worker")"},
    {"name": "admin", "tags": ["administrator"], "hashing_algorithm": "rabbit_password_hashing_sha256", "password_hash": "$(hashed "$admin")"}
  ],
  "permissions": [
    {"user": "isendpro", "vhost": "/", "configure": "^$", "write": "^isendpro$", "read": "^isendpro\\\\.input$"},
    {"user": "admin", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
  ]
}
USERS

cat >secrets/worker.env <<WORKER
ELASTICIO_AMQP_URI=amqp://isendpro:$worker@broker:5672/
ISENDPRO_JOURNAL=redis://isendpro:$journal@journal:6379
ISENDPRO_JOURNAL_KEY=$(openssl rand -hex 32)
WORKER

cat >secrets/redis.conf <<REDIS
user default off
user isendpro on >$journal ~isendpro:* -@all +evalsha +script|load +info +scan +zscan +time +@hash +@sortedset +exists +pttl +pexpire +persist +del +set +get +incrby +ping +select
REDIS
printf 'user = "admin:%s"\n' "$admin" >secrets/admin.curl
if [ ! -e secrets/step.json ]; then
    cp step.example.json secrets/step.json
fi
chmod 644 secrets/*
echo "made secrets/; now fill in secrets/step.json"
