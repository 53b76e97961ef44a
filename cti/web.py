"""The pages' address: taken, served with or without TLS, and hard to hold on to for whoever asks nothing."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cti.settings import WebSettings
from cti.voice import StartError

ASK_S = 10.0  # from the connection to the end of the first request's headers
LASTS = timedelta(days=825)
RENEW_BEFORE = timedelta(days=30)


def spoken_to(web: WebSettings, run_dir: Path) -> tuple[Path, Path] | None:
    """Certificate and key, where TLS is spoken: those given, else our own; raises StartError."""
    if web.certificate is not None and web.key is not None:
        for name, path in (("certificate", web.certificate), ("key", web.key)):
            if not os.access(path, os.R_OK):
                raise StartError(f"web.{name}: {path} cannot be read: mend the path, or let us read it")
        return web.certificate, web.key
    return _own_certificate(web.host, run_dir / "tls") if web.tls else None


def _own_certificate(host: str, folder: Path) -> tuple[Path, Path]:
    """Self-made, for this host and the machine's name; made anew in time."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if certificate.exists() and key.exists():
        until = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
        if until - datetime.now(UTC) > RENEW_BEFORE:
            return certificate, key
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Zongji")])
    names = [_named(one) for one in dict.fromkeys((host, "localhost", "127.0.0.1", socket.gethostname()))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(secret, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    _write(key, secret.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    _write(certificate, made.public_bytes(serialization.Encoding.PEM))
    return certificate, key


def _named(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(data)


def listening(host: str, port: int) -> socket.socket:
    """The pages' address, taken; raises StartError when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, asyncio sends small messages at once
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen(128)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
            raise StartError(f"web.host: {host}: {error.strerror}: set ZONGJI_WEB__HOST to one of our own") from None
        raise StartError(f"web.port: {host}:{port}: {error.strerror}: free it or set ZONGJI_WEB__PORT") from None
    return taken


class Impatient(HttpToolsProtocol):
    """Whoever connects and does not ask within `ASK_S` is let go: a line held open by drops of a request costs one."""

    ask_s = ASK_S

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._waiting = self.loop.call_later(self.ask_s, transport.close)

    def on_headers_complete(self) -> None:
        self._waiting.cancel()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting.cancel()
        super().connection_lost(exc)


@asynccontextmanager
async def web_running(app: FastAPI, taken: socket.socket, tls: tuple[Path, Path] | None = None) -> AsyncIterator[str]:
    """The pages at an address that was taken before; `tls` is certificate and key. Raises StartError."""
    host, port = taken.getsockname()[:2]
    files = {"ssl_certfile": str(tls[0]), "ssl_keyfile": str(tls[1])} if tls else {}
    config = uvicorn.Config(
        app, http=Impatient, log_config=None, access_log=False, timeout_graceful_shutdown=2, ws_max_size=65536,
        ws_per_message_deflate=False, **files,  # type: ignore[arg-type]
    )  # fmt: skip
    try:
        config.load()
    except OSError as error:
        raise StartError(
            f"web.certificate: {tls and tls[0]}: {error}: give a certificate and its key, as PEM"
        ) from None
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    server.capture_signals = contextlib.nullcontext  # type: ignore[assignment,method-assign]
    task = asyncio.create_task(server.serve(sockets=[taken]), name="web")
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers nothing to wait for
            await asyncio.sleep(0.01)
        yield f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
    finally:
        server.should_exit = True
        await asyncio.wait({task}, timeout=5)
        task.cancel()
        taken.close()
