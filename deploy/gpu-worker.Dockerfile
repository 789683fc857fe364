# A node of the Ray cluster with NVIDIA GPUs. The host needs its driver and the NVIDIA Container Toolkit.
# Build from the top folder, after the image of worker.Dockerfile:
#   docker build --file deploy/gpu-worker.Dockerfile --tag frametally-gpu-worker:local .
ARG WORKER=frametally-worker:local
# hadolint ignore=DL3006
FROM ${WORKER}
USER 0
# Both packages have the same modules, so the one without a GPU must go first. CUDA and cuDNN come as packages too: the
# Python of this image must be that of the others, which NVIDIA's images do not have.
ARG ONNXRUNTIME_GPU=1.31.1
RUN pip uninstall --yes onnxruntime \
    && pip install --no-cache-dir "onnxruntime-gpu[cuda,cudnn]==${ONNXRUNTIME_GPU}"
ENV LD_LIBRARY_PATH=/usr/local/lib/python3.12/site-packages/nvidia/cu13/lib:/usr/local/lib/python3.12/site-packages/nvidia/cudnn/lib \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility,video
USER 1000
HEALTHCHECK NONE
CMD ["ray", "start", "--address", "ray-head:6379", "--disable-usage-stats", "--block"]
