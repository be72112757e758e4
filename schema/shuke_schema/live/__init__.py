"""Live updates over WebSocket: the protocol, the reader of the streams, groups of equal subscribers."""
