# syntax=docker/dockerfile:1
# The step in an image of its own: one static binary, the certificates, and nothing else.
#
#   docker build --tag isendpro .
#   docker run --rm isendpro --version

FROM rust:1.95-slim-trixie@sha256:ee4fa026a11f9e8b1b00568364a880dc720409bb94b0e6800f63f974f9c909d5 AS build
WORKDIR /source
COPY Cargo.toml Cargo.lock ./
COPY src src
# Cargo wants the files that Cargo.toml names, and compiles none of them here.
COPY benches benches
COPY examples examples
COPY tests/faults tests/faults
COPY tests/simulation tests/simulation
COPY scripts/dist-flags scripts/dist-flags
# A target that is named keeps the flags from build scripts and macros, which cannot be static. The
# cache keeps what was compiled, so that a change of ours compiles nothing of others.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    target="$(rustc --print host-tuple)" && \
    RUSTFLAGS="-C target-feature=+crt-static $(scripts/dist-flags "$target")" cargo build --locked --bin isendpro \
        --profile dist --no-default-features --target "$target" && \
    cp "target/$target/dist/isendpro" /isendpro
COPY scripts/image-root scripts/image-root
RUN scripts/image-root /isendpro /root-of-image

FROM scratch
LABEL org.opencontainers.image.title="iSendPro connector" \
      org.opencontainers.image.description="Sends SMS by iSendPro: a step of a flow on elastic.io, flowground or plain RabbitMQ, and a pipe of JSON lines" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /root-of-image /
# Memory that is free goes back to the system at once: a tenth less, and no slower.
ENV MIMALLOC_PURGE_DELAY=0
USER 65532:65532
# As PID 1 it takes SIGTERM itself: it finishes what it has for up to 23 seconds.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/isendpro"]
CMD ["step"]
