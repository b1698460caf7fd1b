"""The largest thing that anybody may send: refused by its length, before any of it is read or kept.

Django keeps files of any size on disk before a view sees them, also for strangers.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler


class Largest(FileUploadHandler):
    """First in FILE_UPLOAD_HANDLERS; the others keep what it lets through."""

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any) -> None:
        """Refuse with 400; without a length the server reads nothing."""
        if content_length > settings.LARGEST_REQUEST:
            raise RequestDataTooBig(f"More than {settings.LARGEST_REQUEST:,} bytes were sent.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """On to the next handler."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Another handler has the file."""
