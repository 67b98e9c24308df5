"""Files are added here: taken at once, indexed in the background, and told how it goes."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app.library import Job
from app.page import markup
from app.runtime import Runtime
from embedder.errors import DuetError

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

_LOOK = 1.0  # seconds between two looks at what is on its way
_PART = 1 << 20  # bytes
_SHOWN = 6  # files that are told one by one


def show_uploads(runtime: Runtime, *, folders: bool = False) -> None:
    """Draw what files are dropped on, and under it how they fare.

    Args:
        runtime: Takes them.
        folders: Whether a folder can be given, too.
    """
    _show_uploader(runtime, "Add files", folder=False)
    if folders:
        _show_uploader(runtime, "Add a folder", folder=True)
    for problem in st.session_state.pop("refused", []):
        st.error(markup.label(problem))
    jobs = _jobs(runtime)
    if is_under_way(runtime):
        _watch(runtime, sum(job.over for job in jobs))
    else:
        _show_jobs(runtime, jobs)


def is_under_way(runtime: Runtime) -> bool:
    """Whether something that this session follows is not indexed yet."""
    return any(not job.over for job in _jobs(runtime))


def _show_uploader(runtime: Runtime, label: str, *, folder: bool) -> None:
    # A new key is a new, empty uploader: what was taken is not taken again by the next run.
    generation: int = st.session_state.setdefault("uploads", 0)
    files = st.file_uploader(
        label,
        accept_multiple_files="directory" if folder else True,
        key=f"upload-{folder}-{generation}",
    )
    if files:
        for file in files:
            _take(runtime, file)
        st.session_state["uploads"] = generation + 1
        st.rerun()


def _take(runtime: Runtime, file: "UploadedFile") -> None:
    try:
        job = runtime.library.add_upload(file.name, _parts(file))
    except DuetError as error:
        st.session_state.setdefault("refused", []).append(f"{file.name}: {error}")
    else:
        st.session_state.setdefault("jobs", []).append(job.id)


def _parts(file: "UploadedFile") -> Iterator[bytes]:
    while part := file.read(_PART):
        yield part


def _jobs(runtime: Runtime) -> list[Job]:
    """Those of this session as they were given, before them what failed in others.

    A file that failed is kept until somebody says what is to become of it. What was accepted before
    the server was started anew was given in no session that is left, so each shows it.
    """
    resumed = runtime.library.resumed
    ids = [*resumed, *(i for i in st.session_state.get("jobs", []) if i not in resumed)]
    own = [job for each in ids if (job := runtime.library.jobs.get(each)) is not None]
    listed = reversed(runtime.library.jobs.listed())
    return [*(job for job in listed if job.state == "failed" and job.id not in ids), *own]


@st.fragment(run_every=_LOOK)
def _watch(runtime: Runtime, over: int) -> None:
    """Follow what is on its way; the whole page is drawn anew when a file is done."""
    jobs = _jobs(runtime)
    if sum(job.over for job in jobs) != over:
        st.rerun()
    _show_jobs(runtime, jobs)


def _show_jobs(runtime: Runtime, jobs: Sequence[Job]) -> None:
    going = [job for job in jobs if not job.over]
    over = [job for job in jobs if job.over]
    if len(jobs) > _SHOWN and going:
        st.progress(len(over) / len(jobs), f"{len(over):,} of {len(jobs):,} files")
    for job in going[:1] if len(jobs) > _SHOWN else going:
        st.progress(_share(job), markup.label(f"{job.name}: {_told(job)}"))
    if going:
        st.button(
            "Cancel",
            key="cancel-jobs",
            icon=":material/close:",
            type="tertiary",
            on_click=_cancel,
            args=(runtime, [job.id for job in going]),
        )
    failed = [job for job in over if job.state != "done"]
    for job in failed[-_SHOWN:]:
        _show_failed(runtime, job)
    done = [job for job in over if job.state == "done"]
    if len(done) > _SHOWN:
        st.caption(f":material/check: {len(done):,} files are indexed")
    else:
        with st.container(gap="xxsmall"):
            for job in done:
                st.caption(f":material/check: {markup.label(f'{job.name}: {job.detail}')}")
    if (done or len(failed) > 1) and not going:
        st.button(
            "Clear",
            key="clear-jobs",
            type="tertiary",
            on_click=_dismiss,
            args=(runtime, [job.id for job in over]),
        )


def _show_failed(runtime: Runtime, job: Job) -> None:
    told, _, why = job.detail.partition(": ")
    st.error(markup.label(f"{job.name}: {told}"))
    if why:
        st.caption(markup.label(why))
    if job.state != "failed":
        return
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Retry",
            key=f"retry-{job.id}",
            icon=":material/refresh:",
            type="tertiary",
            on_click=_retry,
            args=(runtime, job.id),
        )
        st.button(
            "Dismiss",
            key=f"dismiss-{job.id}",
            icon=":material/close:",
            type="tertiary",
            on_click=_dismiss,
            args=(runtime, [job.id]),
        )


def _retry(runtime: Runtime, job_id: str) -> None:
    if runtime.library.jobs.retry(job_id):
        ids: list[str] = st.session_state.setdefault("jobs", [])
        if job_id not in ids:
            ids.append(job_id)


def _cancel(runtime: Runtime, ids: Sequence[str]) -> None:
    for each in reversed(ids):  # the one that runs last, or the next would begin
        runtime.library.jobs.cancel(each)


def _dismiss(runtime: Runtime, ids: Sequence[str]) -> None:
    for each in ids:
        runtime.library.jobs.dismiss(each)


def _share(job: Job) -> float:
    return min(1.0, job.chunks / job.chunks_total) if job.chunks_total else 0.0


def _told(job: Job) -> str:
    if job.state == "waiting":
        return "waits"
    if not job.chunks_total:
        return "is read"
    return f"{job.chunks:,} of {markup.passages(job.chunks_total)}"
