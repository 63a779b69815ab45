"""What the data hub's evidence 存证 is signed and stamped with: a signing key, and a time-stamp authority of one's own.

The authority is for cities that have contracted none: its certificate may stamp times and nothing else (critical
extended key usage, RFC 3161 §2.3). A city with an accredited authority names it in TSA_URL and adds that authority's
root to `tsa_roots.pem`; the roots of former authorities stay there, so that their stamps go on verifying.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

EVIDENCE_KEY = "evidence_key.json"
FILES = ("tsa_roots.pem", "tsa_certificate.pem", "tsa_key.pem")
ROOT, AUTHORITY = "衡水市时间戳根证书", "衡水市自有时间戳服务"
YEARS = 20


def authority_files() -> Mapping[str, str]:
    """A new key (PKCS #8) and certificates (X.509) of an authority, in PEM, by the name of their file.

    The root's own key is forgotten at once: nobody needs a second certificate of it.
    """
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    begin = datetime.now(UTC) - timedelta(days=1)
    root = _begun(ROOT, ROOT, root_key, root_key, begin, authority=True).sign(root_key, hashes.SHA256())
    stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    leaf = _begun(AUTHORITY, ROOT, key, root_key, begin, authority=False).add_extension(stamping, critical=True)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "tsa_roots.pem": root.public_bytes(Encoding.PEM).decode("ascii"),
        "tsa_certificate.pem": leaf.sign(root_key, hashes.SHA256()).public_bytes(Encoding.PEM).decode("ascii"),
        "tsa_key.pem": secret.decode("ascii"),
    }


def _begun(
    name: str, issuer: str, key: ec.EllipticCurvePrivateKey, issuer_key: ec.EllipticCurvePrivateKey, begin: datetime,
    *, authority: bool,
) -> x509.CertificateBuilder:  # fmt: skip
    usage = x509.KeyUsage(
        digital_signature=not authority, content_commitment=not authority, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=authority, crl_sign=authority,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )


def _name(common: str) -> x509.Name:
    said = (
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, "衡水市大数据中心"),
        (NameOID.COMMON_NAME, common),
    )
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in said])
