"""A cell's database, one module for each thing that it keeps."""
