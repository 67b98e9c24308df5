"""The documents while the application runs: what is indexed, and what is on its way in or out."""

from app.library.job import Job
from app.library.jobs import Jobs
from app.library.library import Library
from app.library.work import KEPT

__all__ = ["KEPT", "Job", "Jobs", "Library"]
