#!/bin/sh
# Starts the console's server with its port, the API's address (host:port) and whether a proxy stands before it (true or false) from
# the environment; `check` asks for its health.
set -eu
if [ "${1:-}" = check ]; then
  exec curl --silent --fail --output /dev/null --max-time 3 "http://127.0.0.1:$SLIPWAY_HTTP_PORT/health"
fi
sed -e "s/@PORT@/$SLIPWAY_HTTP_PORT/" -e "s/@API@/$SLIPWAY_API_ADDRESS/" -e "s/@PROXIED@/$SLIPWAY_BEHIND_PROXY/" \
  /etc/slipway/nginx.conf > /tmp/nginx.conf
exec nginx -c /tmp/nginx.conf -g 'daemon off;'
