"""The simulator, part by part and without sockets."""
