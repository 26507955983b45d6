#!/bin/sh
# Starts the console's server with its port, the API's address (host:port) and whether a proxy stands before it (true or false) from
# the environment, and says all that is wrong of it; `check` asks for its health.
set -eu
if [ "${1:-}" = check ]; then
  exec curl --silent --fail --output /dev/null --max-time 3 "http://127.0.0.1:$SLIPWAY_HTTP_PORT/health"
fi

# What slipway.service_settings.ConsoleSettings says, as there is no Python here.
mistakes=
take() { # NAME VALUE PATTERN WHAT
  printf '%s' "$2" | grep -Eqx "$3" || mistakes="$mistakes; $1 is not valid: Expected $4"
}
take SLIPWAY_HTTP_PORT "$SLIPWAY_HTTP_PORT" '[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]' \
  'a whole number from 1 to 65535'
take SLIPWAY_API_ADDRESS "$SLIPWAY_API_ADDRESS" '([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}' 'host:port, as in api:8080'
take SLIPWAY_BEHIND_PROXY "$SLIPWAY_BEHIND_PROXY" 'true|false' 'true or false'
if [ -n "$mistakes" ]; then
  echo "slipway-console: ${mistakes#; }" >&2
  exit 1
fi

sed -e "s/@PORT@/$SLIPWAY_HTTP_PORT/" -e "s/@API@/$SLIPWAY_API_ADDRESS/" -e "s/@PROXIED@/$SLIPWAY_BEHIND_PROXY/" \
  /etc/slipway/nginx.conf > /tmp/nginx.conf
exec nginx -c /tmp/nginx.conf -g 'daemon off;'
