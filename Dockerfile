# The images of Slipway: docker build --build-arg SERVICE=api --tag slipway/api .
# SERVICE is api, scheduler, executor or console. With the classic builder add --target of the same name: it builds every
# stage above the last one.
ARG SERVICE=api

# --- the console: static files, and a server for them that passes /api on --------------------------------------------
FROM node:24-bookworm-slim AS console-files
WORKDIR /src/services/console
COPY services/console/package.json services/console/package-lock.json services/console/.npmrc ./
RUN npm ci --ignore-scripts
COPY services/console/ ./
# Types are checked where the API is at hand (make console): they leave nothing in the files.
RUN npx vite build --logLevel warn

FROM nginx:1.29-bookworm AS console
COPY deploy/console/nginx.conf deploy/console/headers.conf deploy/console/start.sh /etc/slipway/
COPY --from=console-files /src/services/api/slipway_api/console /usr/share/slipway/console
ENV SLIPWAY_HTTP_PORT=8080 SLIPWAY_API_ADDRESS=api:8080 SLIPWAY_BEHIND_PROXY=false
USER 10001:10001
EXPOSE 8080
# At SIGTERM nginx cuts the requests that are under way.
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["sh", "/etc/slipway/start.sh", "check"]
ENTRYPOINT []
CMD ["sh", "/etc/slipway/start.sh"]

# --- a service: its own extra, locked with hashes, and nothing else --------------------------------------------------
FROM python:3.11-slim-bookworm AS installed
ARG SERVICE
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements/build.txt requirements/${SERVICE}.txt requirements/
RUN python -m venv /build && /build/bin/pip install --require-hashes -r requirements/build.txt \
 && python -m venv /opt/slipway && /opt/slipway/bin/pip install --require-hashes -r requirements/${SERVICE}.txt
COPY pyproject.toml README.md ./
COPY shared/ shared/
COPY services/ services/
COPY deploy/helm/web-service/ deploy/helm/web-service/
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/slipway/bin/pip install --no-deps /wheels/*.whl \
 && printf '#!/bin/sh\nexec python -m slipway_%s "$@"\n' "${SERVICE}" > /opt/slipway/bin/serve \
 && chmod 755 /opt/slipway/bin/serve

FROM python:3.11-slim-bookworm AS service
COPY --from=installed /opt/slipway /opt/slipway
ENV PATH=/opt/slipway/bin:/usr/local/bin:/usr/bin:/bin HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    SLIPWAY_HTTP_HOST=0.0.0.0 SLIPWAY_HTTP_PORT=8080
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-m", "slipway.alive"]
CMD ["serve"]

FROM service AS api
COPY --from=console-files /src/services/api/slipway_api/console /opt/slipway/lib/python3.11/site-packages/slipway_api/console

FROM service AS scheduler

# --- the executor has Helm beside it, as a warm engine and as itself, of the tried version ----------------------------------
FROM golang:1.27-bookworm AS helm
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS="-mod=readonly -buildvcs=false -trimpath"
ARG HELM_VERSION=v4.3.1
WORKDIR /src/deploy/devcluster
COPY deploy/devcluster/ ./
RUN go build -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=${HELM_VERSION}" \
    -o /out/helm helm.sh/helm/v4/cmd/helm
WORKDIR /src/services/executor/helm-engine
COPY services/executor/helm-engine/ ./
RUN go build -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=${HELM_VERSION}" -o /out/helm-engine .

FROM service AS executor
COPY --from=helm /out/ /usr/local/bin/
ENV SLIPWAY_HELM=/usr/local/bin/helm SLIPWAY_HELM_ENGINE=/usr/local/bin/helm-engine SLIPWAY_CACHE_DIR=/tmp/cache

FROM ${SERVICE} AS image
