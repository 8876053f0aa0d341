"""A stand-in for Cloud Storage that the unmodified google-cloud-storage client talks to (STORAGE_EMULATOR_HOST).

It keeps what the product relies on: preconditions, checksums, all three kinds of upload, ranges, lists, CORS and V4
signed URLs that are really verified. Bodies go to disk as they come and never stand in memory as a whole.
"""

from besadu_local.storage.api import Storage
from besadu_local.storage.disk import Disk
from besadu_local.storage.signed import Verifier

__all__ = ["Disk", "Storage", "Verifier"]
