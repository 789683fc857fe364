# The dashboard. Also runs `frametally engine`, which gives the jobs to the workers of a cluster.
# Build from the top folder: docker build --file deploy/dashboard.Dockerfile --tag frametally-dashboard:local .
FROM python:3.12.11-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12.11-slim-bookworm
# Chromium prints briefs as PDF.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home frametally \
    && install --directory --owner frametally --mode 700 /data
COPY deploy/requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --require-hashes --requirement /tmp/requirements.txt
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-deps /wheels/*.whl
USER 1000
WORKDIR /data
ENV FRAMETALLY_DATA_DIR=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
ENTRYPOINT ["tini", "--"]
CMD ["frametally", "dashboard", "--host", "0.0.0.0", "--port", "8501"]
