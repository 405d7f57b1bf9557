# The bot as an image: dependencies from the lock, no compiler, no root, no shell form.
FROM python:3.11-slim AS build
COPY requirements.lock /tmp/requirements.lock
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/requirements.lock

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin bot && mkdir -p /app /data && chown bot /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY bot bot
COPY commands commands
COPY alerts alerts
# What matplotlib knows of fonts is found out here once, and not at every start.
RUN mkdir /opt/matplotlib && MPLCONFIGDIR=/opt/matplotlib /opt/venv/bin/python -c "import matplotlib.font_manager" && chown -R bot /opt/matplotlib
# Your own configuration goes over this one: mount it, or build an image of your own on top.
COPY config config
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 BOT_DATABASE_URL=sqlite:////data/runbook-bot.db BOT_PORT=8080 MPLCONFIGDIR=/opt/matplotlib
USER 10001
VOLUME ["/data"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:%s/healthz' % os.environ['BOT_PORT'], timeout=2)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["serve"]
