# syntax=docker/dockerfile:1
# The Api, and the migrations: no libtorch, no shell, no package manager. From the root of the repository: docker build -f docker/Api.Dockerfile -t loradrop-api .
# docker/rehearse runs these instructions without a container engine.
ARG DOTNET_VERSION=10.0

FROM mcr.microsoft.com/dotnet/sdk:${DOTNET_VERSION}-noble AS build
# The SBOM covers this stage too, which has the packages and their lock files.
ARG BUILDKIT_SBOM_SCAN_STAGE=true
# CI=true locks the restore: it fails if a lock file does not match, instead of resolving again.
ENV CI=true DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 NUGET_XMLDOC_MODE=skip
WORKDIR /source

# Packages: this layer is rebuilt only when a project or lock file changes.
COPY global.json Directory.Build.props Directory.Build.targets Directory.Packages.props ./
COPY src/Domain/Domain.csproj src/Domain/packages.cpu.lock.json src/Domain/
COPY src/Figures/Figures.csproj src/Figures/packages.cpu.lock.json src/Figures/
COPY src/Storage/Storage.csproj src/Storage/packages.cpu.lock.json src/Storage/
COPY src/Hosting/Hosting.csproj src/Hosting/packages.cpu.lock.json src/Hosting/
COPY src/Api/Api.csproj src/Api/packages.cpu.lock.json src/Api/
RUN dotnet restore src/Api/Api.csproj -p:TorchBackend=cpu

COPY BannedSymbols.txt .editorconfig LICENSE ./
COPY src/Domain src/Domain
COPY src/Figures src/Figures
COPY src/Storage src/Storage
COPY src/Hosting src/Hosting
COPY src/Api src/Api
RUN dotnet publish src/Api/Api.csproj --configuration Release --no-restore -p:TorchBackend=cpu --output /published

# Two layers: packages, which rarely change, and our files. Timestamps are fixed, so that equal files give equal layers.
RUN mkdir -p /layers/packages/runtimes /layers/own \
 && mv /published/runtimes/linux-x64 /layers/packages/runtimes/ \
 && rm -rf /published/runtimes \
 && mv /published/LoraDrop.* LICENSE /layers/own/ \
 && mv /published/* /layers/packages/ \
 && find /layers -exec touch -h -d @0 {} +

FROM mcr.microsoft.com/dotnet/aspnet:${DOTNET_VERSION}-noble-chiseled
ARG VERSION=0.0.0-dev
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="LoRA-drop Api" \
      org.opencontainers.image.description="The REST service of LoRA-drop, and the migrations of its database" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled"
WORKDIR /app
COPY --from=build /layers/packages ./
COPY --from=build /layers/own ./
# Listens beyond loopback, so it requires API keys. Metrics and health have a separate internal address.
ENV LORADROP_API__URLS=http://0.0.0.0:5080 \
    LORADROP_API__METRICSURL=http://0.0.0.0:5082 \
    LORADROP_LOG__JSON=true
EXPOSE 5080 5082
# Only temporary files are written: the root file system may be read-only if /tmp is writable.
USER 1654:1654
STOPSIGNAL SIGTERM
# Checks liveness, not the database: a restart would not help there. There is no curl, so the program checks itself.
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s --retries=4 CMD ["/app/LoraDrop.Api", "health", "http://127.0.0.1:5082/health/live"]
ENTRYPOINT ["/app/LoraDrop.Api"]
