"""Files that describe hosts and requests, read row by row into objects."""
