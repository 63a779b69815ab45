"""The city's electronic seal 电子印章: a root of its own, a document certificate and a token certificate below it.

Documents (PDF) are signed with RSA, which every reader verifies; tokens (JWS, SD-JWT) with P-256, whose signature is
short enough for a QR code. A real city replaces the files by those of its licensed certification authority: the names
stay. A certificate that is replaced goes to `seal_former.pem`, so that what it signed goes on verifying.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
ROOT_KEY = "seal_root_key.pem"  # may be kept elsewhere: it signs new certificates, nothing else
FILES = (
    "seal_root.pem", ROOT_KEY, "seal_document.pem", "seal_document_key.pem", "seal_token.pem", "seal_token_key.pem",
)  # fmt: skip
ROOT, DOCUMENT, TOKEN = "衡水市电子印章根证书", "衡水市大数据中心电子印章", "衡水市大数据中心凭证签名"
ROOT_YEARS, LEAF_YEARS = 20, 10


def seal_files(*, rsa_bits: int = 3072) -> Mapping[str, str]:
    """New keys (PKCS #8) and certificates (X.509) of a seal, in PEM, by the name of their file."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = _certificate(ROOT, root_key, ROOT, root_key, years=ROOT_YEARS, authority=True)
    document_key = rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits)
    token_key = ec.generate_private_key(ec.SECP256R1())
    return {
        "seal_root.pem": _text(root),
        ROOT_KEY: _secret(root_key),
        "seal_document.pem": _text(_certificate(DOCUMENT, document_key, ROOT, root_key, years=LEAF_YEARS)),
        "seal_document_key.pem": _secret(document_key),
        "seal_token.pem": _text(_certificate(TOKEN, token_key, ROOT, root_key, years=LEAF_YEARS)),
        "seal_token_key.pem": _secret(token_key),
    }


def _certificate(
    name: str, key: Key, issuer: str, issuer_key: Key, *, years: int, authority: bool = False
) -> x509.Certificate:
    begin = datetime.now(UTC) - timedelta(days=1)
    usage = x509.KeyUsage(
        digital_signature=not authority, content_commitment=not authority, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=authority, crl_sign=authority,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=365 * years))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    return builder.sign(issuer_key, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "河北省"),
            x509.NameAttribute(NameOID.LOCALITY_NAME, "衡水市"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "衡水市大数据中心"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _secret(key: Key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
