"""Takes references before any guard is there, as a plugin or a library may."""

from socket import getaddrinfo as early_getaddrinfo
from socket import socket as early_socket

__all__ = ["early_getaddrinfo", "early_socket"]
