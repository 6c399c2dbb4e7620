"""What is kept: the API database, and one database per cell."""
