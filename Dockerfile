# The image of web, worker, beat, migrate, backup and restore: docker compose up --build
FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 UV_PROJECT_ENVIRONMENT=/opt/venv UV_COMPILE_BYTECODE=1
RUN pip install --no-cache-dir uv==0.13.* && useradd --system --uid 10001 elinkages

WORKDIR /srv/elinkages
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --no-cache --python /usr/local/bin/python

COPY . .
ENV PATH=/opt/venv/bin:$PATH ELINKAGES_HOME=/srv/home
# Nothing is connected to here: the settings only want to be told, and none of this stays in the image.
RUN mkdir -p /srv/home/records /srv/backups && chown -R elinkages /srv/home /srv/backups \
    && SECRET_KEY=build DATABASE_URL=postgresql:/// REDIS_URL=redis:// python manage.py collectstatic --noinput --verbosity 0

USER elinkages
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "-c", "python:elinkages.gunicorn", "elinkages.wsgi:application", "--bind", "0.0.0.0:8000"]
