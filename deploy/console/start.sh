#!/bin/sh
# Starts the console's server with its port and the API's address (host:port) from the environment; `check` asks for its health.
set -eu
if [ "${1:-}" = check ]; then
  exec curl --silent --fail --output /dev/null --max-time 3 "http://127.0.0.1:$SLIPWAY_HTTP_PORT/health"
fi
sed -e "s/@PORT@/$SLIPWAY_HTTP_PORT/" -e "s/@API@/$SLIPWAY_API_ADDRESS/" /etc/slipway/nginx.conf > /tmp/nginx.conf
exec nginx -c /tmp/nginx.conf -g 'daemon off;'
