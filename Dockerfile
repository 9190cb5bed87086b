# One image for every process: `python -m core.launcher.one web|chat|envio|…` (see Procfile).
# Not built where it was written, since no Docker engine ran there: see docs/despliegue.md.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY bootstrap.py requirements.txt ./
RUN python bootstrap.py requirements.txt

FROM python:3.11-slim
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    PROMETHEUS_MULTIPROC_DIR=/metricas
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin agente \
    && install -d -o agente -g agente /data /metricas
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY alembic.ini celeryconfig.py Procfile pyproject.toml ./
COPY migrations migrations
COPY core core
COPY workers workers
COPY web web
RUN python -m compileall -q core web workers migrations
USER agente
VOLUME ["/data", "/metricas"]
EXPOSE 8000 5555
# SIGTERM drains: a turn lasts at most TURNO_SEGUNDOS + TURNO_MARGEN_SEGUNDOS (30 s).
STOPSIGNAL SIGTERM
CMD ["python", "-m", "core.launcher.one", "web"]
