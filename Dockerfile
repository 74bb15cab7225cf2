# The gateway without the embedded MongoDB: give it ORDERGATE_MONGODB_URI.
FROM python:3.13-slim AS build
WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY openapi openapi
COPY examples examples
COPY src src
RUN python -m venv /opt/ordergate \
    && /opt/ordergate/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt .

FROM python:3.13-slim
RUN useradd --system --create-home ordergate
COPY --from=build /opt/ordergate /opt/ordergate
USER ordergate
WORKDIR /home/ordergate
ENV PATH=/opt/ordergate/bin:$PATH ORDERGATE_HOST=0.0.0.0 ORDERGATE_LOG_FORMAT=json
EXPOSE 8652
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('ORDERGATE_PORT', '8652') + '/livez', timeout=2)"]
ENTRYPOINT ["ordergate"]
CMD ["serve"]
