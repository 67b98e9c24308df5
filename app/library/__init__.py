"""The documents while the application runs: what is indexed, and what is on its way in or out."""

from app.library.jobs import Job, Jobs
from app.library.library import KEPT, Library

__all__ = ["KEPT", "Job", "Jobs", "Library"]
