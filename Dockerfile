# A bot in a container: no root, nothing to write but /data, keys from files.
FROM python:3.13-slim AS build
COPY packages /src
RUN python -m venv /opt/real-trade \
    && /opt/real-trade/bin/pip install --no-cache-dir \
        /src/real-trade-core \
        /src/real-trade-binance \
        /src/real-trade-risk \
        /src/real-trade-notifications \
        /src/real-trade-simulator \
        "psycopg[binary]>=3.2" \
    && /opt/real-trade/bin/python -m compileall -q /opt/real-trade

FROM python:3.13-slim
COPY --from=build /opt/real-trade /opt/real-trade
RUN useradd --uid 10001 --create-home trader \
    && install -d -o trader -g trader -m 0700 /data
ENV PATH=/opt/real-trade/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    XDG_DATA_HOME=/data \
    XDG_STATE_HOME=/data
USER trader
WORKDIR /bot
VOLUME /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["real-trade"]
CMD ["--help"]
