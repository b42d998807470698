# syntax=docker/dockerfile:1
# The Worker with its libtorch, for CPUs or for NVIDIA GPUs: docker build -f docker/Worker.Dockerfile --build-arg TORCH_BACKEND=cuda -t loradrop-worker:cuda .
# docker/rehearse runs these instructions without a container engine.
ARG DOTNET_VERSION=10.0
# cpu, or cuda: the property TorchBackend of the build.
ARG TORCH_BACKEND=cpu

FROM mcr.microsoft.com/dotnet/sdk:${DOTNET_VERSION}-noble AS build
ARG TORCH_BACKEND
# The SBOM covers this stage too, which has the packages and their lock files.
ARG BUILDKIT_SBOM_SCAN_STAGE=true
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 NUGET_XMLDOC_MODE=skip
WORKDIR /source

# Packages: this layer is rebuilt only when a project or lock file changes. The cuda lock files are not in the repository, since its
# packages are only
# available for their own platform; if someone has added them, they are used (docs/deploy.md).
COPY global.json Directory.Build.props Directory.Build.targets Directory.Packages.props ./
COPY src/Domain/Domain.csproj src/Domain/packages.*.lock.json src/Domain/
COPY src/Figures/Figures.csproj src/Figures/packages.*.lock.json src/Figures/
COPY src/Engine/Engine.csproj src/Engine/packages.*.lock.json src/Engine/
COPY src/Storage/Storage.csproj src/Storage/packages.*.lock.json src/Storage/
COPY src/Hosting/Hosting.csproj src/Hosting/packages.*.lock.json src/Hosting/
COPY src/Worker/Worker.csproj src/Worker/packages.*.lock.json src/Worker/
RUN if [ -f src/Worker/packages.$TORCH_BACKEND.lock.json ]; then locked=--locked-mode; fi; \
    dotnet restore src/Worker/Worker.csproj -p:TorchBackend=$TORCH_BACKEND $locked

COPY BannedSymbols.txt .editorconfig LICENSE ./
COPY src/Domain src/Domain
COPY src/Figures src/Figures
COPY src/Engine src/Engine
COPY src/Storage src/Storage
COPY src/Hosting src/Hosting
COPY src/Worker src/Worker
RUN dotnet publish src/Worker/Worker.csproj --configuration Release --no-restore -p:TorchBackend=$TORCH_BACKEND -p:ContinuousIntegrationBuild=true --output /published

# Three layers: libtorch, which is most of the image and changes only with its version; the other packages; our files. Timestamps are fixed,
# so that equal files give equal layers. Python's part of libtorch, what needs it, and tests are never loaded.
RUN mkdir -p /layers/torch/runtimes /layers/packages /layers/own /layers/data \
 && mv /published/runtimes/linux-x64 /layers/torch/runtimes/ \
 && rm -rf /published/runtimes \
 && rm -f /layers/torch/runtimes/linux-x64/native/libtorch_python.so /layers/torch/runtimes/linux-x64/native/lib*_test.so /layers/torch/runtimes/linux-x64/native/libnnapi_backend.so \
 && mv /published/LoraDrop.* LICENSE /layers/own/ \
 && mv /published/* /layers/packages/ \
 && find /layers -exec touch -h -d @0 {} +

FROM mcr.microsoft.com/dotnet/aspnet:${DOTNET_VERSION}-noble-chiseled
ARG TORCH_BACKEND
ARG VERSION=0.0.0-dev
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="LoRA-drop Worker (${TORCH_BACKEND})" \
      org.opencontainers.image.description="Runs the stages of LoRA-drop's jobs, each in a child process with libtorch" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled"
WORKDIR /app
COPY --from=build /layers/torch ./
COPY --from=build /layers/packages ./
COPY --from=build /layers/own ./
COPY --from=build --chown=1654:1654 /layers/data /data
# Per-thread caches are off so that new tensors reuse freed memory (docs/decisions/loading-libtorch.md). GPUs are not selected here:
# an image that requests all would also see those assigned to other containers.
ENV LORADROP_WORKER__DEVICE=${TORCH_BACKEND} \
    LORADROP_WORKER__HEALTHURL=http://0.0.0.0:5081 \
    LORADROP_WORKER__WORKFOLDER=/data/work \
    LORADROP_WORKER__CACHEFOLDER=/data/cache \
    LORADROP_LOG__JSON=true \
    GLIBC_TUNABLES=glibc.malloc.tcache_count=0 \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
EXPOSE 5081
# Files of running stages and the cache. The root file system may be read-only if this and /tmp are writable.
VOLUME /data
USER 1654:1654
STOPSIGNAL SIGTERM
# Checks liveness, not the database: a restart would not help there. There is no curl, so the program checks itself.
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s --retries=4 CMD ["/app/LoraDrop.Worker", "health", "http://127.0.0.1:5081/health/live"]
ENTRYPOINT ["/app/LoraDrop.Worker"]
