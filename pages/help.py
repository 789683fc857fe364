"""Help: the documentation that comes with this version."""

from components.header.documents import documents

documents()
