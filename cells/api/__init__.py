"""The API database, one module for each thing that it keeps."""
