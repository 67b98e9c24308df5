"""Answers that another server writes: any that speaks OpenAI's chat completions."""

from app.generation.model import RemoteWriter, local
from app.generation.server import GenerationServer

__all__ = ["GenerationServer", "RemoteWriter", "local"]
