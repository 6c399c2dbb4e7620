"""What travels: versioned objects, their fields and their serializer."""
