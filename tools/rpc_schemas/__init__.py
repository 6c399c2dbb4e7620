"""The RPC interfaces for clients in other languages: JSON schemas, pages, and real messages."""
