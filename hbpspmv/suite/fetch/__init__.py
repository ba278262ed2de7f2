"""Getting matrices of the collection: download, safe extraction, checksums, or construction."""
