"""Those in a world who mean harm: a host's agent that was taken over, and a client.

Each says any well-formed thing at any time, in its own name, in others', or in
nobody's; only as whom it is logged in at the broker, it cannot choose.
"""
