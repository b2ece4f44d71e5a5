# Parley as a static program in an image without anything else, running as nobody.
#
#   docker build --build-arg VERSION=$(git describe --tags --always) -t parley .
#   docker run -p 3000:3000 -v parley:/data -e ELIZA_SERVER_AUTH_TOKEN=a-long-secret parley
#
# In a container the server has to listen on every interface, so it refuses to start
# without access control: set ELIZA_SERVER_AUTH_TOKEN, or PARLEY_ALLOW_OPEN=true where
# everybody who reaches the port may do everything. NODE_ENV=production tells browsers
# to use https only; set it once there is a proxy with a certificate in front.

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=docker
RUN CGO_ENABLED=0 go build -trimpath -tags nomsgpack -ldflags "-s -w -X main.version=${VERSION}" -o /out/parley ./cmd/parley \
 && mkdir /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/parley /parley
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV SERVER_HOST=0.0.0.0 \
    SERVER_PORT=3000 \
    PARLEY_DATA_DIR=/data
EXPOSE 3000
VOLUME /data
# The server drains for up to 10 s (PARLEY_DRAIN_TIMEOUT); give it some more before a kill.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=5s --retries=3 CMD ["/parley", "health"]
ENTRYPOINT ["/parley"]
CMD ["serve"]
