# A node of the Ray cluster: its head, or workers on CPUs. The version of Python must be that of all other images.
# Build from the top folder: docker build --file deploy/worker.Dockerfile --tag frametally-worker:local .
FROM python:3.12.11-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12.11-slim-bookworm
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home frametally \
    && install --directory --owner frametally --mode 700 /data
COPY deploy/requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --require-hashes --requirement /tmp/requirements.txt
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-deps /wheels/*.whl
USER 1000
WORKDIR /data
ENV PYTHONUNBUFFERED=1 RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
EXPOSE 6379 10001
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s \
    CMD ["ray", "health-check", "--address", "127.0.0.1:6379", "--skip-version-check"]
ENTRYPOINT ["tini", "--"]
CMD ["ray", "start", "--head", "--port", "6379", "--ray-client-server-port", "10001", "--num-cpus", "0", "--include-dashboard=false", "--disable-usage-stats", "--block"]
