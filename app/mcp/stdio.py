"""`python -m app mcp`: the tools over standard input and output, for who starts it."""

import asyncio
from contextlib import AsyncExitStack

import httpx2 as httpx

from app.api.application import create_api
from app.mcp.tools import create_tools, in_process
from app.runtime import Runtime
from app.settings import Settings
from retriever.owner import owner_of

_SECONDS = 600.0  # for an answer on a slow and busy machine


def serve_tools(settings: Settings) -> None:
    """Serve until the assistant closes the input.

    Where a program has the index open, that one does the work; else model and index are opened
    here, in the background.

    Args:
        settings: Model, index, and what writes.

    Raises:
        DuetError: The index is in use by a program that serves nobody.
    """
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    owner = owner_of(settings.index.value)
    async with AsyncExitStack() as held:
        if owner is not None:
            headers = {"Authorization": f"Bearer {owner.token}"}
            api = httpx.AsyncClient(
                base_url=f"{owner.url}/api", headers=headers, timeout=_SECONDS, trust_env=False
            )
        else:
            runtime = Runtime.from_settings(settings)
            held.callback(runtime.close)
            held.callback(runtime.warm_up().join)
            api = in_process(create_api(runtime))
        await held.enter_async_context(api)
        await create_tools(api).run_stdio_async()
