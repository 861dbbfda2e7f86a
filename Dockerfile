# One small image for each service: `docker build --target producer .`, `--target consumer`.
#
# BINARIES chooses where the binaries come from:
#   build     compiled here (the default; needs nothing but this folder)
#   prebuilt  target/release of this folder, if it was compiled on Debian 12 as the images are
ARG BINARIES=build

FROM rust:1.95-slim-bookworm AS toolchain
WORKDIR /brooklet

FROM toolchain AS build
ENV CARGO_HOME=/cargo CARGO_TARGET_DIR=/target
COPY Cargo.toml Cargo.lock ./
COPY common common
COPY consumer consumer
COPY producer producer
COPY tests tests
RUN --mount=type=cache,target=/cargo --mount=type=cache,target=/target \
    cargo build --profile dist --locked --bin producer --bin consumer \
 && install -D -t /binaries /target/dist/producer /target/dist/consumer

FROM toolchain AS prebuilt
COPY target/release/producer target/release/consumer /binaries/

FROM ${BINARIES} AS binaries
RUN strip /binaries/*

FROM debian:bookworm-slim AS service
RUN useradd --system --no-create-home --shell /usr/sbin/nologin brooklet \
 && install -d -o brooklet /var/lib/brooklet
USER brooklet

FROM service AS producer
COPY --from=binaries /binaries/producer /usr/local/bin/
# A container is reached from outside of it; where it is published is the host's choice.
ENV BROOKLET_LISTEN=0.0.0.0:8080 BROOKLET_DATA_DIR=/var/lib/brooklet
VOLUME /var/lib/brooklet
EXPOSE 8080
HEALTHCHECK --interval=1s --timeout=5s CMD ["producer", "healthcheck"]
ENTRYPOINT ["producer"]

FROM service AS consumer
# Whom to trust behind https:// URLs.
COPY --from=toolchain /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=binaries /binaries/consumer /usr/local/bin/
ENV BROOKLET_LISTEN=0.0.0.0:8081
EXPOSE 8081
HEALTHCHECK --interval=1s --timeout=5s CMD ["consumer", "healthcheck"]
ENTRYPOINT ["consumer"]
