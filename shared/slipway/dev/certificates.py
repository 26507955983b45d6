"""Keys of the embedded servers: an authority with a server's certificate, and the key that signs service accounts."""

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

LIFETIME = dt.timedelta(days=3650)


def ensure_keys(folder: Path, address: str = "127.0.0.1") -> None:
    """Make the cluster's keys once: `ca.crt`, `apiserver.{crt,key}` and `service-accounts.{key,pub}`."""
    ensure_server_keys(folder, "apiserver", address)
    if (folder / "service-accounts.pub").exists():
        return
    accounts = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _write(folder / "service-accounts.key", _private(accounts))
    public = accounts.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write(folder / "service-accounts.pub", public)


def ensure_server_keys(folder: Path, name: str, address: str = "127.0.0.1") -> None:
    """Make an authority `ca.crt` and from it `<name>.{crt,key}` for a server at an address, once; files have mode 0600."""
    if (folder / f"{name}.key").exists() and address in _addresses(folder / f"{name}.crt"):
        return
    folder.mkdir(parents=True, exist_ok=True)
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("slipway-dev-authority", authority_key, None, authority_key)
    server = _certificate(name, server_key, authority, authority_key, address)
    _write(folder / "ca.crt", authority.public_bytes(serialization.Encoding.PEM))
    _write(folder / f"{name}.crt", server.public_bytes(serialization.Encoding.PEM))
    _write(folder / f"{name}.key", _private(server_key))


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    address: str = "",
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )  # both are asked for by strict verifiers
    )
    if issuer:
        names: list[x509.GeneralName] = [
            x509.DNSName("localhost"),
            x509.DNSName("kubernetes.default.svc"),
            *(x509.IPAddress(ipaddress.ip_address(each)) for each in sorted({"127.0.0.1", "10.96.0.1", address})),
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _addresses(certificate: Path) -> set[str]:
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(each) for each in names.get_values_for_type(x509.IPAddress)}


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
